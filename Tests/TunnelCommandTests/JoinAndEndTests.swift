import InMemoryAPI
import Kubernetes
import PluginConsole
import PluginSession
import Session
import SessionEffects
import Synchronization
import Testing

@testable import kubectl_tunnel

/// A session joins a tunnel in the moment in which the last one ends it: whatever comes first, both are well.
@Suite(.timeLimit(.minutes(2))) struct JoinAndEndTests {
    /// Lets others go first, so often as chance has it, before each request.
    private struct Jitter: APITransport {
        let api: InMemoryAPI

        func send(_ request: APIRequest) async throws(APIError) -> APIResponse {
            for _ in 0..<Int.random(in: 0...6) { await Task.yield() }
            let response = try await self.api.send(request)
            for _ in 0..<Int.random(in: 0...6) { await Task.yield() }
            return response
        }

        func lines(_ request: APIRequest) -> AsyncThrowingStream<[UInt8], any Error> { self.api.lines(request) }

        var client: KubernetesClient { KubernetesClient(transport: self) }
    }

    private static let maker = Holder(user: "alice", host: "laptop", session: SessionID("aaaaaaaaaa")!)

    /// A Service that leads to alice's tunnel.
    private struct Stage {
        let api = InMemoryAPI()
        let original: Service

        init() async throws {
            let spec: JSONValue = [
                "selector": ["app": "web"], "clusterIP": "10.96.0.7",
                "ports": [
                    ["name": "a", "port": 80, "targetPort": 8080, "protocol": "TCP"],
                    ["name": "b", "port": 90, "targetPort": 9090, "protocol": "TCP"],
                    ["name": "c", "port": 70, "targetPort": 7070, "protocol": "TCP"],
                ],
            ]
            self.api.put(["metadata": ["name": "web", "namespace": "shop"], "spec": spec], in: CommandStage.services)
            self.original = try await self.api.client.get(.services, "web", in: "shop")
            let objects = try self.objects(JoinAndEndTests.maker, port: "3000:80")
            let lease: Lease = try await self.api.client.create(.leases, objects.lease(time: "t"), in: "shop")
            #expect(lease.metadata.name == "tunnel-web")
            self.api.put(objects.origin(), in: CommandStage.services)
            let labels: JSONValue = [
                Key.session: .string(JoinAndEndTests.maker.session.description), Key.component: "proxy",
            ]
            self.api.put(
                [
                    "metadata": ["name": "proxy", "labels": labels],
                    "status": ["phase": "Running", "conditions": [["type": "Ready", "status": "True"]]],
                ], in: CommandStage.pods)
            let patch = SwitchPatch.make(
                self.original, tunnel: objects.tunnel, names: objects.names, publishNotReady: false)
            try await self.api.client.patch(.services, "web", in: "shop", patch)
        }

        func objects(_ holder: Holder, port: String) throws -> SessionObjects {
            SessionObjects(
                service: self.original, namespace: "shop", holder: holder, publicKey: "5a", image: "image:1",
                imagePullSecret: nil, leaseDurationSeconds: 30,
                plan: try PortPlan(self.original, [PortRequest(port)!], allowLowPorts: true), failsafe: .ownRole,
                usesBetaSlices: false, grantsEvents: true)
        }

        func cleanup(_ objects: SessionObjects) -> SessionCleanup {
            SessionCleanup(
                client: Jitter(api: self.api).client, namespace: "shop", service: "web", tunnel: objects.tunnel,
                session: objects.holder.session, slices: .endpointSlices(beta: false))
        }

        /// Alice's plugin, as it ends.
        func end() async throws -> RestoreOutcome {
            let cleanup = self.cleanup(try self.objects(JoinAndEndTests.maker, port: "3000:80"))
            let outcome = try await cleanup.end(.ended(holder: "alice on laptop"), withOthers: false)
            if outcome == .shared {
                try await cleanup.deleteLease()
            } else {
                try await cleanup.cleanUp(isDrained: true)
            }
            return outcome
        }

        /// Another plugin, as it enters.
        func join(
            _ holder: Holder, port: String, tell: @escaping @Sendable (LaptopSession.Event) -> Void = { _ in }
        ) async throws -> SessionObjects {
            let entry = SessionEntry(
                client: Jitter(api: self.api).client,
                report: SessionReport(console: Console(), isJSON: false, isVerbose: false), takesOver: false,
                tell: tell, use: { _ in }, deleteLease: { objects in try await self.cleanup(objects).deleteLease() })
            return try await entry.enter(try self.objects(holder, port: port))
        }

        func service() async throws -> Service { try await self.api.client.get(.services, "web", in: "shop") }

        func state() async throws -> TunnelState {
            let name = SessionNames(service: "web").origin
            return TunnelState(origin: try await self.api.client.find(.services, name, in: "shop"))
        }

        func leases() async throws -> [Lease] { try await self.api.client.list(.leases, in: "shop").items }
    }

    @Test("1,000 times: either the tunnel goes on with the one who joined, or it ends and they make the next")
    func joinAgainstEnd() async throws {
        let (joined, made) = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<1000 {
                group.addTask {
                    let stage = try await Stage()
                    let bob = Holder(user: "bob", host: "desk", session: .random())
                    async let ending = stage.end()
                    // The end takes some twenty requests: any of them may be the one beside which it begins.
                    let requests = Int.random(in: 0...12)
                    let begin = stage.api.requests.count
                    while stage.api.requests.count < begin + requests { await Task.yield() }
                    let objects = try await stage.join(bob, port: "3001:90")
                    let outcome = try await ending
                    let (service, state, leases) = (
                        try await stage.service(), try await stage.state(), try await stage.leases()
                    )
                    #expect(leases.map { $0.holder?.user } == ["bob"])
                    #expect(leases.first?.metadata.name == objects.leaseName)
                    let isJoined = objects.tunnel == Self.maker.session
                    if isJoined {
                        #expect(outcome == .shared)
                        #expect(state == .living(Self.maker.session, version: "5"))
                        #expect(service.isSwitched(to: Self.maker.session))
                        #expect(objects.service.selector == ["app": "web"])
                    } else {
                        #expect(outcome == .restored || outcome == .shared)
                        #expect(objects.tunnel == bob.session)
                        #expect(objects.leaseName == "tunnel-web")
                        #expect(state == .none)
                        #expect(service.selector == ["app": "web"])
                    }
                    return isJoined
                }
            }
            return try await group.reduce(into: (0, 0)) { counts, isJoined in
                if isJoined { counts.0 += 1 } else { counts.1 += 1 }
            }
        }
        // Both happened, or nothing was raced.
        #expect(joined > 20 && made > 20, "\(joined) joined, \(made) made")
    }

    @Test("two that leave at once: at least one of them ends the tunnel")
    func leaveAgainstLeave() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<300 {
                group.addTask {
                    let stage = try await Stage()
                    let bob = Holder(user: "bob", host: "desk", session: .random())
                    let objects = try await stage.join(bob, port: "3001:90")
                    #expect(objects.tunnel == Self.maker.session && objects.leaseName == "tunnel-web.1")
                    async let alice = stage.end()
                    let cleanup = stage.cleanup(objects)
                    let outcome = try await cleanup.end(.ended(holder: "bob on desk"), withOthers: false)
                    if outcome == .shared {
                        try await cleanup.deleteLease()
                    } else {
                        try await cleanup.cleanUp(isDrained: true)
                    }
                    let outcomes = [outcome, try await alice]
                    #expect(outcomes.contains { $0 != .shared }, "\(outcomes)")
                    #expect(try await stage.service().selector == ["app": "web"])
                    #expect(try await stage.leases().isEmpty)
                    #expect(try await stage.state() == .none)
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("a creation that was carried out twice is the session's own")
    func createdTwice() async throws {
        let stage = try await Stage()
        stage.api.add(Fault(.repeated) { $0.method == .post && $0.path.hasSuffix("/leases") })
        let told = Mutex<[String]>([])
        let bob = Holder(user: "bob", host: "desk", session: .random())
        let objects = try await stage.join(bob, port: "3001:90") { event in told.withLock { $0.append("\(event)") } }
        #expect(objects.leaseName == "tunnel-web.1")
        // Or what it makes would not be cleaned up.
        #expect(told.withLock { $0 } == ["leaseAsked"])
    }

    @Test("another session's Lease under a name that is none of a slot's has no say, and neither a port")
    func strangeName() async throws {
        let stage = try await Stage()
        let labels: JSONValue = [Key.service: "web"]
        let annotations: JSONValue = [Key.tunnel: .string(Self.maker.session.description), Key.ports: "90:1"]
        stage.api.put(
            [
                "metadata": ["name": "my-lease", "labels": labels, "annotations": annotations],
                "spec": ["holderIdentity": "mallory/desk/mmmmmmmmmm"],
            ], in: CommandStage.leases)
        let bob = Holder(user: "bob", host: "desk", session: .random())
        #expect(try await stage.join(bob, port: "3001:90").leaseName == "tunnel-web.1")
    }

    @Test("without a proxy the Service does not stay with those that may be asleep")
    func noProxy() async throws {
        let stage = try await Stage()
        _ = try await stage.join(Holder(user: "bob", host: "desk", session: .random()), port: "3001:90")
        stage.api.remove("\(CommandStage.pods)/proxy")
        #expect(try await stage.end() == .shared)
        #expect(try await stage.service().selector == ["app": "web"])
        #expect(try await stage.leases().map { $0.holder?.user } == ["bob"])
        #expect(try await stage.state() == .living(Self.maker.session, version: "5"))
    }

    @Test("of two that come at once each has a slot of its own")
    func joinAgainstJoin() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<300 {
                group.addTask {
                    let stage = try await Stage()
                    let (bob, carol) = (
                        Holder(user: "bob", host: "desk", session: .random()),
                        Holder(user: "carol", host: "desk", session: .random())
                    )
                    async let first = stage.join(bob, port: "3001:90")
                    let second = try await stage.join(carol, port: "3002:70")
                    let names = [try await first.leaseName, second.leaseName].sorted()
                    #expect(names == ["tunnel-web.1", "tunnel-web.2"])
                    await #expect(throws: PluginFailure.self) {
                        try await stage.join(Holder(user: "dave", host: "desk", session: .random()), port: "3003:80")
                    }
                    #expect(try await stage.leases().count == 3)
                }
            }
            try await group.waitForAll()
        }
    }
}
