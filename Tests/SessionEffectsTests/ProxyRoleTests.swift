import InMemoryAPI
import Kubernetes
import Logging
import NIOPosix
import Session
import SessionEffects
import Testing
import Tunnel

@testable import InClusterProxy

/// The proxy's own life: a real end of the tunnel without a laptop, over an API server that also fails.
@Suite(.timeLimit(.minutes(1))) struct ProxyRoleTests {
    private static let lease = "\(SessionStage.leases)/tunnel-web"

    /// Runs a proxy of the session until it ends by itself.
    private func run(
        _ stage: SessionStage, restores: Bool = true, key: String? = nil,
        _ body: (AsyncStream<Void>.Continuation) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let identity = PodIdentity(software: "1")
        let pod = PodEnd(identity: identity, sessions: [], ports: [], tunnelPort: 0, group: group, logger: logger)
        try await pod.start()
        let configuration = ProxyConfiguration(
            namespace: "shop", service: "web", holder: SessionStage.holder.description, publicKey: "5a",
            leaseDurationSeconds: 5, listeners: [], originHost: "127.0.0.1", tunnelPort: 1, metricsPort: 2,
            restores: restores,
            usesBetaSlices: false)
        let role = ProxyRole(
            configuration: configuration, holder: SessionStage.holder, pod: pod,
            publicKey: key ?? identity.publicKey.hex, client: stage.api.client, logger: logger)
        let (signals, source) = AsyncStream.makeStream(of: Void.self)
        let task = Task { await role.run(signals: signals) }
        // It has read the Leases.
        if key != nil { while await !role.machine.hasConnected(SessionStage.holder.session) { await Task.yield() } }
        try await body(source)
        await task.value
        await pod.shutdown()
    }

    /// What the ways to and from the API server may do to any one request.
    static let faults: [Fault.Effect] = [
        .lostBefore, .lostAfter, .answer(status: 503, body: ""), .answer(status: 404, body: "404 page not found"),
        .answer(status: 409, body: #"{"kind":"Status","reason":"Conflict","message":"m"}"#),
    ]

    @Test("a deleted Lease ends the session: the Service is restored, and everything is gone", arguments: faults)
    func leaseDeleted(effect: Fault.Effect) async throws {
        let stage = try await SessionStage.switched()
        try await self.run(stage) { _ in
            stage.api.add(Fault(effect) { $0.method == .patch })
            stage.api.add(Fault(effect) { $0.method == .delete })
            stage.api.remove(Self.lease)
        }
        stage.api.collectGarbage()
        #expect(stage.service == stage.original)
        #expect(stage.leftovers.isEmpty, "\(stage.leftovers)")
    }

    @Test("told to end, the proxy restores and leaves the session to the next pod", arguments: faults)
    func terminated(effect: Fault.Effect) async throws {
        let stage = try await SessionStage.switched()
        try await self.run(stage) { signals in
            stage.api.add(Fault(effect) { $0.method == .patch && $0.path.hasSuffix("/services/web") })
            signals.yield()
        }
        #expect(stage.service == stage.original)
        #expect(stage.api[Self.lease] != nil)
        #expect(stage.leftovers.contains { $0.contains("/deployments/") })
    }

    @Test(
        "a proxy whose Deployment is gone takes with it what the client that deleted it may not",
        arguments: [true, false])
    func remains(isDeleted: Bool) async throws {
        let stage = try await SessionStage.switched()
        let names = stage.objects.names
        _ =
            try await stage.api.client.create(
                .networkPolicies, stage.objects.networkPolicy(), in: "shop") as NetworkPolicy
        try await self.run(stage) { signals in
            if isDeleted { try await stage.api.client.delete(.deployments, names.deployment, in: "shop") }
            stage.api.add(
                Fault(.answer(status: 503, body: "")) { $0.path.hasSuffix("/deployments/\(names.deployment)") })
            signals.yield()
        }
        let remaining = stage.leftovers.filter {
            $0.contains("/networkpolicies/") || $0.contains("/serviceaccounts/")
        }
        #expect(remaining.count == (isDeleted ? 0 : 2), "\(remaining)")
    }

    @Test(
        "told to end when its laptop has the next pod, the proxy leaves the Service and the Lease to that one",
        arguments: faults)
    func superseded(effect: Fault.Effect) async throws {
        let stage = try await SessionStage.switched()
        func connect(_ key: String) async throws {
            let patch = Lease.stateChange(.active, holder: SessionStage.holder, proxyKey: key)
            try await stage.api.client.patch(.leases, "tunnel-web", in: "shop", patch)
        }
        let switched = stage.service
        try await connect("ab")
        try await self.run(stage, key: "ab") { signals in
            try await connect("cd")
            stage.api.add(Fault(effect, times: 4) { $0.method == .get && $0.path.hasSuffix("/leases") })
            signals.yield()
        }
        #expect(stage.service == switched)
    }

    @Test("another session's Service is left alone")
    func replaced() async throws {
        let stage = try await SessionStage.switched()
        let path = "\(SessionStage.services)/web"
        try await self.run(stage) { _ in
            var patch = JSONPatch()
            patch.replace(JSONPatch.annotation(Key.session), "bbbbbbbbbb")
            try await stage.api.client.patch(.services, "web", in: "shop", patch)
            var lease = JSONPatch()
            lease.replace("/spec/holderIdentity", "bob/desk/bbbbbbbbbb")
            lease.replace(JSONPatch.annotation(Key.tunnel), "bbbbbbbbbb")
            try await stage.api.client.patch(.leases, "tunnel-web", in: "shop", lease)
        }
        #expect(stage.api[path]?["metadata"]?["annotations"]?[Key.session]?.text == "bbbbbbbbbb")
        #expect(stage.api[Self.lease] != nil)
    }

    @Test("without the right to restore the proxy only goes when it is told to")
    func noRights() async throws {
        let stage = try await SessionStage.switched()
        let switched = stage.service
        try await self.run(stage, restores: false) { signals in
            stage.api.remove(Self.lease)
            signals.yield()
        }
        #expect(stage.service == switched)
    }
}
