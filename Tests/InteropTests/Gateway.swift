import FaultBench
import Foundation
import Testing

/// HAProxy, whose few connections to a tunnel carry everybody's requests.
struct Gateway {
    let port: Int

    /// Runs a body with one in front of a tunnel.
    ///
    /// - Parameter isHTTP2: Whether it asks in HTTP/2, whatever it is asked in.
    static func with<Value>(
        _ tunnel: InteropTunnel, isHTTP2: Bool = false, _ body: (Gateway) async throws -> Value
    ) async throws -> Value {
        try await Tools.withFolder { folder in
            let port = try closedPort()
            let file = folder.appending(path: "haproxy.cfg")
            try """
            global
                maxconn 500
            defaults
                mode http
                timeout connect 20s
                timeout client 60s
                timeout server 60s
            frontend callers
                bind 127.0.0.1:\(port)
                default_backend tunnel
            backend tunnel
                http-reuse always
                server tunnel 127.0.0.1:\(tunnel.port) maxconn 50 \(isHTTP2 ? "proto h2" : "")

            """.write(to: file, atomically: true, encoding: .utf8)
            let program = try Program.server(
                ["haproxy", "-db", "-q", "-f", file.path], environment: [:], errors: folder.appending(path: "errors"))
            let isUp = await eventually {
                try RawSocket.connect(port: port).close()
                return true
            }
            let result: Result<Value, any Error>
            do {
                try #require(isUp, "HAProxy does not start")
                result = .success(try await body(Gateway(port: port)))
            } catch {
                result = .failure(error)
            }
            await program.end()
            return try result.get()
        }
    }
}
