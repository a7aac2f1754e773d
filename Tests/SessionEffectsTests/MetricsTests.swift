import Kubernetes
import NIOCore
import NIOPosix
import Testing
import Tunnel

@testable import InClusterProxy

/// What a proxy and a controller tell Prometheus.
@Suite(.timeLimit(.minutes(1))) struct MetricsTests {
    @Test("the text is Prometheus' format 0.0.4: each family with its type once, and labels escaped")
    func text() {
        var text = MetricsText()
        text.add("a_total", .counter, "What.", label: "by", [("x\"\\\n", 3), ("y", 0.25)])
        text.add("b", .gauge, "How many.", 7)
        #expect(
            text.text == """
                # HELP kubectl_tunnel_a_total What.
                # TYPE kubectl_tunnel_a_total counter
                kubectl_tunnel_a_total{by="x\\"\\\\\\n"} 3
                kubectl_tunnel_a_total{by="y"} 0.25
                # HELP kubectl_tunnel_b How many.
                # TYPE kubectl_tunnel_b gauge
                kubectl_tunnel_b 7

                """)
    }

    private func figures() -> PodFigures {
        var (laptop, origin) = (Traffic(), Traffic())
        (laptop.connections, laptop.received, laptop.sent) = (2, 30, 400)
        origin.connections = 5
        return PodFigures(
            laptops: ["alice": laptop], laptopTotal: laptop, origin: origin, passedThrough: [.noLink: 5], open: 1,
            roundTrips: ["alice": .milliseconds(20)])
    }

    @Test("every name has the prefix, counters end in _total, units stand in the name, and nobody's name is told")
    func names() {
        let proxy = ProxyMetrics(sessions: ["whole": 1], restores: ["TunnelExpired": 1], figures: self.figures()).text
        #expect(proxy.contains(#"kubectl_tunnel_connections_total{answered_by="laptop"} 2"#))
        #expect(proxy.contains(#"kubectl_tunnel_passed_through_total{reason="no_link"} 5"#))
        #expect(proxy.contains(#"kubectl_tunnel_passed_through_total{reason="suspect"} 0"#))
        #expect(proxy.contains("kubectl_tunnel_link_round_trip_seconds 0.02\n"))
        #expect(!proxy.contains("alice"))
        for text in [proxy, ControllerMetrics().text] {
            var types: [Substring: Substring] = [:]
            for line in text.split(separator: "\n") where line.hasPrefix("# TYPE ") {
                let words = line.split(separator: " ")
                #expect(types.updateValue(words[3], forKey: words[2]) == nil)
                #expect(words[2].hasPrefix("kubectl_tunnel_"))
                #expect((words[3] == "counter") == words[2].hasSuffix("_total"), "\(line)")
            }
            for line in text.split(separator: "\n") where !line.hasPrefix("#") {
                let name = line.prefix { $0 != "{" && $0 != " " }
                #expect(types[name] != nil && line.contains(" "), "\(line)")
            }
        }
    }

    /// What a client gets that sends these bytes.
    private func answer(to request: String, port: Int) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: request))
            var text = ""
            for try await bytes in inbound { text += String(buffer: bytes) }
            return text
        }
    }

    @Test("GET /metrics is answered, once a connection, and nothing else is")
    func server() async throws {
        let server = try await MetricsServer.start(port: 0, group: MultiThreadedEventLoopGroup.singleton) { "x 1\n" }
        let found = try await self.answer(
            to: "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\nGET /metrics HTTP/1.1\r\nhost: x\r\n\r\n", port: server.port)
        #expect(found.hasPrefix("HTTP/1.1 200 OK\r\n") && found.hasSuffix("\r\n\r\nx 1\n"), "\(found)")
        let elsewhere = try await self.answer(to: "GET / HTTP/1.1\r\nhost: x\r\n\r\n", port: server.port)
        #expect(elsewhere.hasPrefix("HTTP/1.1 404 "), "\(elsewhere)")
        let post = try await self.answer(
            to: "POST /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n", port: server.port)
        #expect(post.hasPrefix("HTTP/1.1 405 "), "\(post)")
        let nonsense = try await self.answer(to: "nonsense\r\n\r\n", port: server.port)
        #expect(nonsense.hasPrefix("HTTP/1.1 400 "), "\(nonsense)")
        await server.shutdown()
    }

    @Test("sixteen clients that say nothing keep a seventeenth out, and nobody else")
    func crowd() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let server = try await MetricsServer.start(port: 0, group: group) { "x 1\n" }
        var silent: [any Channel] = []
        for _ in 0..<16 {
            silent.append(try await ClientBootstrap(group: group).connect(host: "127.0.0.1", port: server.port).get())
        }
        let refused = try await ClientBootstrap(group: group).connect(host: "127.0.0.1", port: server.port).get()
        try await refused.closeFuture.get()
        try await silent.removeFirst().close()
        // The server hears of it a moment later.
        while await (try? self.answer(to: "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n", port: server.port))?
            .hasSuffix("x 1\n") != true
        { await Task.yield() }
        for channel in silent { try await channel.close() }
        await server.shutdown()
    }

    @Test("failures on the way to the API server are counted, refusals are not")
    func failures() async throws {
        struct Odd: APITransport {
            func send(_ request: APIRequest) async throws(APIError) -> APIResponse {
                guard let status = Int(request.path.dropFirst()) else { throw APIError(.unreachable, "no answer") }
                return APIResponse(status: status, body: [])
            }
            func lines(_ request: APIRequest) -> AsyncThrowingStream<[UInt8], any Error> {
                AsyncThrowingStream { $0.finish() }
            }
        }
        let counting = CountingTransport(Odd())
        for path in ["/200", "/404", "/409", "/429", "/503", "/lost"] {
            _ = try? await counting.send(APIRequest(.get, path))
        }
        #expect(counting.requestCount == 6)
        #expect(counting.failureCount == 3)
    }
}
