import InMemoryAPI
import Kubernetes
import Session
import Testing

@testable import kubectl_tunnel

/// Whose is what is there of tunnels.
@Suite struct LeftoverTests {
    private let stage = CommandStage(
        metadata: ["annotations": [Key.session: "aaaaaaaaaa", Key.originalSelector: #"{"app":"web"}"#]])

    private func addLease(_ name: String, session: String, tunnel: String?) {
        let annotations: JSONValue = tunnel.map { [Key.tunnel: .string($0)] } ?? [:]
        let labels: JSONValue = [Key.service: "web", Key.session: .string(session)]
        self.stage.api.put(
            [
                "metadata": ["name": .string(name), "labels": labels, "annotations": annotations],
                "spec": ["holderIdentity": .string("bob/desk/\(session)"), "leaseDurationSeconds": 30],
            ], in: CommandStage.leases)
    }

    private func find() async throws -> [Leftover] {
        try await Leftover.find(self.stage.api.client, in: "shop", service: nil)
    }

    @Test("the objects of a tunnel are those of its sessions, also when the one that made it has left")
    func joined() async throws {
        self.stage.api.put(
            ["metadata": ["name": "kt-1-origin", "labels": [Key.service: "web", Key.session: "aaaaaaaaaa"]]],
            in: CommandStage.services)
        self.stage.addPod("proxy-1", labels: [Key.session: "aaaaaaaaaa"])
        self.addLease("tunnel-web.1", session: "bbbbbbbbbb", tunnel: "aaaaaaaaaa")
        let found = try await self.find()
        #expect(found.map(\.session.description) == ["bbbbbbbbbb"])
        #expect(found.map(\.tunnel.description) == ["aaaaaaaaaa"])
        #expect(found.allSatisfy { $0.hasReadyProxy && !$0.isDead })
    }

    @Test("a tunnel without any session is a leftover by itself, beside one that lives")
    func dead() async throws {
        self.addLease("tunnel-web", session: "bbbbbbbbbb", tunnel: nil)
        let found = try await self.find()
        #expect(found.map(\.session.description) == ["aaaaaaaaaa", "bbbbbbbbbb"])
        #expect(found.map(\.isDead) == [true, false])
    }
}
