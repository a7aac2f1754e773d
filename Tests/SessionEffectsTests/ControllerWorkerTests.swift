import InMemoryAPI
import Kubernetes
import Logging
import Session
import SessionEffects
import Testing

@testable import InClusterProxy

/// The controller's work on one session, over an API server that also fails.
@Suite(.timeLimit(.minutes(1))) struct ControllerWorkerTests {
    private static let lease = "\(SessionStage.leases)/tunnel-web"

    /// Runs a worker on the session's Lease while the body asks it.
    private func withWorker(
        _ stage: SessionStage, services: [String]? = nil, _ body: () async throws -> Void
    ) async throws {
        let lease = try await stage.api.client.get(.leases, "tunnel-web", in: "shop")
        let configuration = ControllerConfiguration(
            namespace: "shop", services: services, image: "image:1", imagePullSecret: nil)
        let version = ServerVersion(gitVersion: "v1.36.0", major: "1", minor: "36")
        let worker = try #require(
            ControllerWorker(
                lease, configuration: configuration, version: version, client: stage.api.client,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        let task = Task { await worker.run() }
        let observer = LeaseObserver(
            client: stage.api.client, namespace: "shop", selection: .name("tunnel-web"),
            interval: { worker.interval })
        let observing = Task { await observer.run { worker.take($0.first) } }
        try await body()
        observing.cancel()
        await worker.end()
        await task.value
    }

    /// Asks as a plugin does, and waits for the answer.
    private func ask(_ stage: SessionStage, _ number: Int, _ write: SessionWrite) async throws -> ControllerAnswer {
        let order = ControllerOrder(number: number, write: write)
        try await stage.api.client.patch(.leases, "tunnel-web", in: "shop", order.patch(holder: SessionStage.holder))
        while true {
            let lease = try await stage.api.client.get(.leases, "tunnel-web", in: "shop")
            if let answer = ControllerAnswer(lease), answer.number == number { return answer }
            await Task.yield()
        }
    }

    /// What a worker may meet once, and does all the same.
    static let faults: [Fault.Effect] = [
        .lostBefore, .lostAfter, .answer(status: 503, body: ""), .answer(status: 429, body: ""),
        .answer(status: 500, body: ""), .answer(status: 404, body: "404 page not found"),
        .answer(status: 401, body: #"{"kind":"Status","reason":"Unauthorized","message":"m"}"#),
    ]

    @Test(
        "what is asked for is done and answered, also when a request is lost or refused for the moment",
        arguments: faults)
    func performs(effect: Fault.Effect) async throws {
        let stage = try await SessionStage()
        try await withWorker(stage) {
            stage.api.add(Fault(effect) { $0.method == .post })
            let helpers = try await ask(stage, 1, .createHelpers)
            #expect(helpers.refusal == nil)
            #expect(stage.leftovers.contains { $0.hasSuffix("/services/\(stage.objects.names.origin)") })
            stage.api.add(Fault(effect) { $0.method == .post })
            let proxy = try await ask(stage, 2, .createProxy)
            #expect(proxy.refusal == nil)
            stage.publish(["\(stage.objects.names.deployment)-1"], of: stage.objects.names.warmUp)
            stage.publish(["web-1"], of: "web")
            stage.api.add(Fault(effect) { $0.method == .patch && $0.path.hasSuffix("/services/web") })
            let switched = try await ask(stage, 3, .switchService(publishNotReady: false))
            #expect(switched.refusal == nil)
            #expect(stage.service != stage.original)
            let restored = try await ask(stage, 4, .restore(.ended(holder: "alice")))
            #expect(restored.outcome == .restored)
            #expect(stage.service == stage.original)
        }
    }

    @Test("a Service that is not the admin's to give is refused, and nothing is made")
    func notCovered() async throws {
        let stage = try await SessionStage()
        let before = stage.api.paths
        try await withWorker(stage, services: ["orders"]) {
            let answer = try await ask(stage, 1, .createHelpers)
            #expect(answer.refusal?.summary.contains("web") == true)
        }
        #expect(stage.api.paths == before)
    }

    @Test("what the API server forbids is told to the plugin in its words")
    func forbidden() async throws {
        let stage = try await SessionStage()
        try await withWorker(stage) {
            let body = #"{"kind":"Status","reason":"Forbidden","message":"exceeded quota: none","code":403}"#
            stage.api.add(Fault(.answer(status: 403, body: body), times: 9) { $0.method == .post })
            let answer = try await ask(stage, 1, .createHelpers)
            #expect(answer.refusal?.summary.contains("exceeded quota: none") == true)
        }
    }

    @Test("a session whose Lease is deleted and that has no proxy is undone")
    func leaseDeleted() async throws {
        let stage = try await SessionStage.switched()
        try await withWorker(stage) {
            stage.api.remove(Self.lease)
            while stage.service != stage.original { await Task.yield() }
            while stage.leftovers.contains(where: { $0.contains("/deployments/") }) { await Task.yield() }
        }
    }

    @Test(
        "a tunnel that was ended with everybody in it is cleaned up, also by a controller that was restarted in between"
    )
    func endedWithOthers() async throws {
        let stage = try await SessionStage.switched()
        var objects = stage.objects
        objects.holder = Holder(user: "bob", host: "desk", session: SessionID("bbbbbbbbbb")!)
        objects.slot = 1
        let _: Lease = try await stage.api.client.create(
            .leases, objects.lease(time: "2026-11-27T12:00:01.000000Z"), in: "shop")
        let cause = RestoreCause.ended(holder: "alice on laptop")
        try await withWorker(stage) {
            let ended = try await ask(stage, 1, .end(cause, withOthers: true))
            #expect(ended.outcome == .restored)
        }
        try await withWorker(stage) {
            let order = ControllerOrder(number: 2, write: .cleanUp(isDrained: true))
            try await stage.api.client.patch(
                .leases, "tunnel-web", in: "shop", order.patch(holder: SessionStage.holder))
            while !stage.leftovers.isEmpty {
                stage.api.collectGarbage()
                await Task.yield()
            }
        }
        #expect(stage.service == stage.original)
    }

    @Test("a session that another has replaced is not touched")
    func replaced() async throws {
        let stage = try await SessionStage.switched()
        let switched = stage.service
        try await withWorker(stage) {
            var patch = JSONPatch()
            patch.replace("/spec/holderIdentity", "bob/desk/bbbbbbbbbb")
            try await stage.api.client.patch(.leases, "tunnel-web", in: "shop", patch)
            let order = ControllerOrder(number: 9, write: .cleanUp(isDrained: true))
            let other = Holder("bob/desk/bbbbbbbbbb")!
            try await stage.api.client.patch(.leases, "tunnel-web", in: "shop", order.patch(holder: other))
        }
        #expect(stage.service == switched)
    }
}
