import InMemoryAPI
import Kubernetes
import PluginSession
import Session
import Testing

@Suite(.timeLimit(.minutes(1))) struct LeaseKeeperTests {
    private static let path = "\(SessionStage.leases)/tunnel-web"

    /// Runs a keeper, and gives the body what it reports. Its renewals are a third of a second apart.
    private func withKeeper(
        _ stage: SessionStage, _ body: (AsyncStream<LeaseKeeper.Event>) async throws -> Void
    ) async throws {
        let keeper = LeaseKeeper(
            client: stage.api.client, namespace: "shop", name: "tunnel-web", holder: SessionStage.holder,
            durationSeconds: 1)
        let (events, source) = AsyncStream<LeaseKeeper.Event>.makeStream()
        let task = Task { await keeper.run { source.yield($0) } }
        try await body(events)
        task.cancel()
    }

    private func loss(_ events: AsyncStream<LeaseKeeper.Event>) async -> String? {
        for await event in events { if case .lost(let reason) = event { return reason } }
        return nil
    }

    private func renewals(_ stage: SessionStage) -> Int {
        stage.api.requests.filter { $0.method == .patch && $0.path == Self.path }.count
    }

    @Test(
        "a renewal that is refused or lost while the Lease is ours is tried again",
        arguments: [
            Fault.Effect.answer(status: 409, body: #"{"kind":"Status","reason":"Conflict","message":"m"}"#),
            .answer(status: 422, body: #"{"kind":"Status","reason":"Invalid","message":"m"}"#),
            .answer(status: 404, body: "404 page not found"), .answer(status: 429, body: ""),
            .answer(status: 503, body: ""), .lostBefore, .lostAfter,
        ])
    func again(effect: Fault.Effect) async throws {
        let stage = try await SessionStage()
        let before = stage.api[Self.path]?["spec"]?["renewTime"]
        stage.api.add(Fault(effect, times: 2) { $0.method == .patch })
        try await self.withKeeper(stage) { _ in
            while self.renewals(stage) < 4 { await Task.yield() }
        }
        #expect(stage.api[Self.path]?["spec"]?["renewTime"] != before)
    }

    @Test("a Lease that is gone is told as deleted")
    func deleted() async throws {
        let stage = try await SessionStage()
        try await self.withKeeper(stage) { events in
            try await stage.api.client.delete(.leases, "tunnel-web", in: "shop")
            #expect(await self.loss(events) == "lease/tunnel-web was deleted")
        }
    }

    @Test("a Lease that is another's is told with the name")
    func taken() async throws {
        let stage = try await SessionStage()
        try await self.withKeeper(stage) { events in
            var patch = JSONPatch()
            patch.replace("/spec/holderIdentity", "bob/desk/bbbbbbbbbb")
            try await stage.api.client.patch(.leases, "tunnel-web", in: "shop", patch)
            #expect(await self.loss(events)?.contains("bob on desk") == true)
        }
    }
}
