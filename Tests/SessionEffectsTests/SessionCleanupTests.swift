import InMemoryAPI
import Kubernetes
import Session
import SessionEffects
import Testing

@Suite struct SessionCleanupTests {
    private static let cause = RestoreCause.ended(holder: "alice on laptop")

    /// Undoes until it says that it is done, as everybody who calls it does.
    private func cleanup(_ stage: SessionStage) async throws {
        for _ in 0..<20 {
            do throws(APIError) {
                try await stage.cleanup.restoreService(Self.cause)
                try await stage.cleanup.cleanUp(isDrained: true)
                return
            } catch {
                guard error.isTransient else { throw error }
            }
        }
        Issue.record("not undone")
    }

    private func expectCleanedUp(_ stage: SessionStage, _ comment: Comment) {
        stage.api.collectGarbage()
        #expect(stage.service == stage.original, comment)
        #expect(stage.leftovers == [], comment)
    }

    @Test("undone, the Service is what it was, and nothing of the session is left")
    func all() async throws {
        let stage = try await SessionStage.switched()
        #expect(stage.service != stage.original)
        try await self.cleanup(stage)
        self.expectCleanedUp(stage, "")
    }

    @Test(
        "whichever request is lost or refused on its way, before or after it was carried out, the end is the same",
        arguments: ["lostBefore", "lostAfter", "409", "422", "429", "500", "503", "404 page"])
    func faults(kind: String) async throws {
        let conflict = #"{"kind":"Status","reason":"Conflict","message":"changed"}"#
        let effect: Fault.Effect =
            switch kind {
            case "lostBefore": .lostBefore
            case "lostAfter": .lostAfter
            case "404 page": .answer(status: 404, body: "404 page not found")
            case "409", "422": .answer(status: Int(kind)!, body: conflict)
            default: .answer(status: Int(kind)!, body: "busy")
            }
        // These are answers to a write; a read is never answered so.
        let isAboutWrites = kind == "409" || kind == "422"
        let clean = try await SessionStage.switched()
        let begin = clean.api.requests.count
        try await self.cleanup(clean)
        let count = clean.api.requests.count - begin
        #expect(count > 10)
        for position in 0..<count {
            let stage = try await SessionStage.switched()
            stage.api.add(
                Fault(effect, skipping: position) { !isAboutWrites || $0.method == .patch })
            try await self.cleanup(stage)
            self.expectCleanedUp(stage, "\(kind) at request \(position)")
        }
    }

    @Test("two at once do no harm")
    func twice() async throws {
        let stage = try await SessionStage.switched()
        async let one: Void = self.cleanup(stage)
        async let other: Void = self.cleanup(stage)
        _ = try await (one, other)
        self.expectCleanedUp(stage, "")
    }

    @Test("what a later session has made is left alone")
    func later() async throws {
        let stage = try await SessionStage.switched()
        let stranger = SessionCleanup(
            client: stage.api.client, namespace: "shop", service: "web", tunnel: SessionID("bbbbbbbbbb")!,
            session: SessionID("bbbbbbbbbb")!,
            slices: .endpointSlices(beta: false))
        let (paths, service) = (stage.api.paths, stage.service)
        try await stranger.restoreService(Self.cause)
        try await stranger.cleanUp(isDrained: true)
        #expect(stage.api.paths == paths)
        #expect(stage.service == service)
    }

    @Test("a 404 that is not the API server's own word does not count as gone")
    func bareNotFound() async throws {
        let stage = try await SessionStage.switched()
        stage.api.add(
            Fault(.answer(status: 404, body: "default backend - 404"), times: 100) {
                $0.path == "\(SessionStage.services)/web"
            })
        do throws(APIError) {
            try await stage.cleanup.restoreService(Self.cause)
            Issue.record("it counts as restored")
        } catch {
            #expect(error.isTransient)
        }
        #expect(stage.leftovers.count > 5)
    }
}
