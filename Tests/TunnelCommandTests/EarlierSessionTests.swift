import Foundation
import InMemoryAPI
import Kubernetes
import PluginConsole
import Session
import Testing

@testable import kubectl_tunnel

/// Who has a Service already, and what a new intercept does about it.
@Suite struct EarlierSessionTests {
    private static let lease = "\(CommandStage.leases)/tunnel-web"

    /// A session that another client has, with a proxy that is ready.
    private func hold(_ stage: CommandStage, _ holder: Holder) {
        let labels: JSONValue = [
            Key.service: "web", Key.session: .string(holder.session.description), Key.component: "proxy",
        ]
        stage.api.put(
            [
                "metadata": ["name": "tunnel-web", "labels": labels],
                "spec": ["holderIdentity": .string("\(holder)"), "leaseDurationSeconds": 30, "renewTime": "t"],
            ], in: CommandStage.leases)
        stage.addPod("proxy-1", labels: [Key.session: .string(holder.session.description)])
    }

    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("locks-\(UUID())").path

    private func withFolder(_ body: (SessionLocks) async throws -> Void) async throws {
        try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: self.folder) }
        try await body(SessionLocks(folder: self.folder))
    }

    @Test("a colleague's session is named, and so is one's own on this machine")
    func held() async throws {
        let stage = CommandStage()
        hold(stage, Holder(user: "bob", host: "desk", session: SessionID("bbbbbbbbbb")!))
        var refusal = await #expect(throws: PluginFailure.self) { try await stage.intercept() }
        #expect(refusal?.summary == "service/web is intercepted by bob on desk")
        #expect(refusal?.hint == "ask them to end it, or take it over with --take-over")

        let own = CommandStage()
        hold(own, Holder(user: "alice", host: "laptop", session: SessionID("bbbbbbbbbb")!))
        refusal = await #expect(throws: PluginFailure.self) { try await own.intercept() }
        #expect(refusal?.summary == "service/web is intercepted by you, on this machine")
    }

    @Test("a mirror goes beside a session that has the port")
    func mirror() async throws {
        let stage = CommandStage()
        hold(stage, Holder(user: "bob", host: "desk", session: SessionID("bbbbbbbbbb")!))
        let prepared = try await stage.intercept { $0.isMirror = true }
        #expect(prepared.dryRunText.contains("\(Key.mirror): \"80:3000\""), "\(prepared.dryRunText)")
        #expect(prepared.objects.switchEvent == .mirrored(holder: prepared.objects.holder.person))
    }

    @Test("one's own session whose plugin has died on this machine is asked to end, without a word of the user's")
    func ownDead() async throws {
        try await withFolder { locks in
            var stage = CommandStage()
            stage.folder = self.folder
            let dead = Holder(user: "alice", host: "laptop", session: SessionID("bbbbbbbbbb")!)
            hold(stage, dead)
            // Unlocked, as the kernel leaves it behind a process that was killed.
            try Data().write(to: URL(fileURLWithPath: "\(self.folder)/kubectl-tunnel-session-\(dead.session)"))
            #expect(locks.hasDied(dead.session))
            let api = stage.api
            let task = Task { [stage] in try await stage.intercept(touchesCluster: true) }
            // The proxy does as it is asked.
            while api[Self.lease]?["metadata"]?["annotations"] == nil { await Task.yield() }
            let asked = api[Self.lease]?["metadata"]?["annotations"]
            #expect("\(String(describing: asked))".contains("alice on laptop"))
            api.remove(Self.lease)
            let prepared = try await task.value
            #expect(prepared.objects.holder == CommandStage.holder)
            #expect(!locks.hasDied(dead.session))
        }
    }

    @Test("one's own session whose plugin lives is not touched")
    func ownAlive() async throws {
        try await withFolder { locks in
            var stage = CommandStage()
            stage.folder = self.folder
            let alive = Holder(user: "alice", host: "laptop", session: SessionID("cccccccccc")!)
            hold(stage, alive)
            #expect(locks.hold(alive.session))
            #expect(!locks.hasDied(alive.session))
            await #expect(throws: PluginFailure.self) { try await stage.intercept() }
            #expect(stage.api[Self.lease]?["metadata"]?["annotations"] == nil)
        }
    }

    @Test("another user's or machine's session is never taken for one's own")
    func others() async throws {
        try await withFolder { _ in
            for (user, host) in [("bob", "laptop"), ("alice", "desk")] {
                var stage = CommandStage()
                stage.folder = self.folder
                let other = Holder(user: user, host: host, session: SessionID("dddddddddd")!)
                hold(stage, other)
                try Data().write(to: URL(fileURLWithPath: "\(self.folder)/kubectl-tunnel-session-\(other.session)"))
                await #expect(throws: PluginFailure.self) { try await stage.intercept() }
            }
        }
    }
}
