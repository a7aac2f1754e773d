import FaultBench
import Testing

@testable import Tunnel

extension Loopback {
    @Suite("The limit of open files")
    struct CallerAdmissionTests {
        @Test("a limit of open files is a limit of callers, and refusals are told every 10 s")
        func decisions() {
            var admission = CallerAdmission(files: 1024)
            #expect(admission.limit == 480)
            #expect(CallerAdmission(files: 10).limit == 1)
            let told = [Duration.zero, .milliseconds(9999), .seconds(10)].map { admission.refused(now: $0) }
            #expect(told == [true, false, true])
        }

        @Test("at the limit callers are refused at once and it is told, and who comes after one has gone is served")
        func refused() async throws {
            let origin = try RawServer.named("origin")
            let files = CallerAdmission.reserve + CallerAdmission.filesPerCaller * 3
            let tunnel = try await TestTunnel.pod(origin: origin.port, files: files)
            let held = try (0..<3).map { _ in try RawSocket.connect(port: tunnel.port) }
            while tunnel.pod.connectionCount < 3 { await Task.yield() }
            let outcome = try await blocking { () -> RawSocketError? in
                do {
                    let socket = try RawSocket.connect(port: tunnel.port)
                    defer { socket.close() }
                    try socket.send([1])
                    _ = try socket.receive()
                    return nil
                } catch {
                    return error as? RawSocketError
                }
            }
            #expect(outcome == .reset)
            #expect(await tunnel.podEvents.wait(for: .callersRefused(limit: 3)))
            held[0].close()
            while tunnel.pod.connectionCount == 3 { await Task.yield() }
            #expect(await tunnel.ask("hello") == "origin:hello")
            for socket in held.dropFirst() { socket.close() }
            await tunnel.pod.shutdown()
        }
    }
}
