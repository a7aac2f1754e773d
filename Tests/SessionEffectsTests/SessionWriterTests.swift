import InMemoryAPI
import Kubernetes
import Session
import SessionEffects
import Testing

@Suite struct SessionWriterTests {
    @Test("the RoleBinding comes after the Role, and again while the server does not know that yet")
    func roleFirst() async throws {
        let stage = try await SessionStage()
        // What a server answers whose cache of Roles is behind.
        let unknown = #"{"kind":"Status","reason":"NotFound","code":404,"message":"role \"kt-x\" not found"}"#
        stage.api.add(
            Fault(.answer(status: 404, body: unknown), times: 3) { request in
                request.method == .post && request.path == SessionStage.roleBindings
            })
        _ = try await stage.writer.perform(.createHelpers)
        let posts = stage.api.requests.filter { $0.method == .post }.map(\.path)
        let role = try #require(posts.firstIndex(of: SessionStage.roles))
        let binding = try #require(posts.firstIndex(of: SessionStage.roleBindings))
        #expect(role < binding)
        #expect(posts.filter { $0 == SessionStage.roleBindings }.count == 4)
        #expect(stage.api.paths.contains { $0.hasPrefix(SessionStage.roleBindings) })
    }

    @Test("a RoleBinding is not asked for before the Role was answered")
    func roleRefused() async throws {
        let stage = try await SessionStage()
        stage.api.add(Fault(.answer(status: 403, body: "{}")) { $0.method == .post && $0.path == SessionStage.roles })
        await #expect(throws: WriteFailure.self) { _ = try await stage.writer.perform(.createHelpers) }
        #expect(!stage.api.requests.contains { $0.path == SessionStage.roleBindings })
    }

    @Test("objects whose answer was lost are this session's when they are asked for again")
    func lostAnswers() async throws {
        let stage = try await SessionStage()
        stage.api.add(Fault(.lostAfter, times: 2) { $0.method == .post && $0.path == SessionStage.services })
        stage.api.add(Fault(.lostAfter) { $0.method == .post && $0.path.hasSuffix("/deployments") })
        var failures = 0
        for write in [SessionWrite.createHelpers, .createProxy] {
            while true {
                do {
                    _ = try await stage.writer.perform(write)
                    break
                } catch let error as WriteFailure {
                    #expect(error.isTransient && failures < 3)
                    failures += 1
                }
            }
        }
        #expect(failures > 0)
        let names = stage.objects.names
        #expect(stage.api["\(SessionStage.services)/\(names.origin)"] != nil)
        #expect(stage.api["/apis/apps/v1/namespaces/shop/deployments/\(names.deployment)"] != nil)
    }

    @Test("the Service is not switched when its selector was changed meanwhile, nor without a ready proxy")
    func guarded() async throws {
        let stage = try await SessionStage()
        _ = try await stage.writer.perform(.createHelpers)
        await #expect(throws: (any Error).self) {
            _ = try await stage.writer.perform(.switchService(publishNotReady: false))
        }
        #expect(stage.service == stage.original)
    }
}
