import InMemoryAPI
import Kubernetes
import PluginConsole
import Session
import Testing

@testable import kubectl_tunnel

/// Ending another client's session from another machine.
@Suite(.timeLimit(.minutes(1))) struct HeldServiceTests {
    private static let path = "\(CommandStage.leases)/tunnel-web"
    private static let bob = Holder(user: "bob", host: "desk", session: SessionID("bbbbbbbbbb")!)

    private let stage = CommandStage()
    private var held: HeldService {
        HeldService(
            client: self.stage.api.client, namespace: "shop", names: SessionNames(service: "web"),
            slices: .endpointSlices(beta: false))
    }

    /// Bob's Lease; a proxy that is ready on request.
    private func lease(hasProxy: Bool) async throws -> Lease {
        self.stage.api.put(
            [
                "metadata": ["name": "tunnel-web", "labels": [Key.service: "web", Key.session: "bbbbbbbbbb"]],
                "spec": ["holderIdentity": .string("\(Self.bob)"), "leaseDurationSeconds": 5, "renewTime": "t"],
            ], in: CommandStage.leases)
        if hasProxy { self.stage.addPod("proxy-1", labels: [Key.session: "bbbbbbbbbb"]) }
        return try await self.stage.api.client.get(.leases, "tunnel-web", in: "shop")
    }

    private func end(_ lease: Lease) async throws -> RemoteTermination.Order {
        try await self.held.end(lease, of: Self.bob, .stop(by: "alice on laptop"), insists: false, drains: true)
    }

    @Test("the session is asked by its Lease, and free when that is gone")
    func asked() async throws {
        let lease = try await self.lease(hasProxy: true)
        let ending = Task { try await self.end(lease) }
        while self.stage.api[Self.path]?["metadata"]?["annotations"]?[Key.stopRequestedBy]?.text != "alice on laptop" {
            await Task.yield()
        }
        self.stage.api.remove(Self.path)
        #expect(try await ending.value == .free)
    }

    @Test("a session without a proxy is undone from here")
    func noProxy() async throws {
        let lease = try await self.lease(hasProxy: false)
        #expect(try await self.end(lease) == .free)
        #expect(self.stage.api[Self.path] == nil)
    }

    @Test("one that has ended meanwhile is free, and one that has changed hands is not touched")
    func changed() async throws {
        let lease = try await self.lease(hasProxy: true)
        self.stage.api.remove(Self.path)
        #expect(try await self.end(lease) == .free)

        let next = try await self.lease(hasProxy: true)
        var patch = JSONPatch()
        patch.replace("/spec/holderIdentity", "carol/desk/cccccccccc")
        try await self.stage.api.client.patch(.leases, "tunnel-web", in: "shop", patch)
        let failure = await #expect(throws: PluginFailure.self) { try await self.end(next) }
        #expect(failure?.summary == "service/web has just changed hands")
        #expect(self.stage.api[Self.path]?["metadata"]?["annotations"] == nil)
    }

    @Test(
        "an answer that is none does not count as the session's end",
        arguments: [
            Fault.Effect.answer(status: 404, body: "404 page not found"), .answer(status: 503, body: ""), .lostBefore,
        ])
    func noAnswer(effect: Fault.Effect) async throws {
        let lease = try await self.lease(hasProxy: true)
        self.stage.api.add(Fault(effect) { $0.method == .patch })
        await #expect(throws: PluginFailure.self) { try await self.end(lease) }
        #expect(self.stage.api[Self.path] != nil)
    }

    @Test("a malformed Lease is deleted only as the one that was read")
    func malformed() async throws {
        let lease = try await self.lease(hasProxy: false)
        self.stage.api.remove(Self.path)
        _ = try await self.lease(hasProxy: false)
        try await self.held.delete(malformed: lease)
        #expect(self.stage.api[Self.path] != nil)
    }
}
