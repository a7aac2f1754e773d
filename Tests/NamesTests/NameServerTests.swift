import NIOCore
import NIOPosix
import Names
import Testing

@Suite struct NameServerTests {
    /// Starts a server in front of an upstream, and hands over a client that asks it.
    static func with(
        _ upstream: any NameUpstream, timeout: Duration = .seconds(20),
        _ body: (NameServer, ServerClient) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let server = try await NameServer.start(
            on: [.address(SocketAddress(ipAddress: "127.0.0.1", port: 0))], upstream: upstream, timeout: timeout,
            group: group)
        let client = ServerClient(address: try #require(await server.addresses().first), group: group)
        do {
            try await body(server, client)
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    @Test("a query goes upstream once, and is answered from the cache then, over both transports")
    func cached() async throws {
        let upstream = FakeUpstream(name: "cluster", answers: true)
        try await Self.with(upstream) { server, client in
            let query = try NameCacheTests.query("Web.shop", id: 77)
            for isStream in [false, true, false] {
                let response = try await client.ask(query, isStream: isStream)
                #expect(response.id == 77 && response.questions == query.questions && response.answers.count == 1)
                #expect(response.questions[0].name.description == "Web.shop.")
            }
            #expect(upstream.queries.count == 1)
            let counts = await server.counts()
            #expect(counts.queries == 3 && counts.fromCache == 2 && counts.failures == 0)
            await server.flush()
            _ = try await client.ask(query, isStream: false)
            #expect(upstream.queries.count == 2)
        }
    }

    @Test("identical queries are asked once, and each client gets its own id and case back")
    func coalesced() async throws {
        let gate = Gate()
        let upstream = FakeUpstream(name: "cluster", answers: true, gate: gate)
        try await Self.with(upstream) { server, client in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<20 {
                    group.addTask {
                        let query = try NameCacheTests.query(
                            index % 2 == 0 ? "web.shop" : "WEB.shop", id: UInt16(index))
                        let response = try await client.ask(query, isStream: index % 3 == 0)
                        return response.id == UInt16(index) && response.answers.count == 1
                            && response.questions[0].name.wire == query.questions[0].name.wire
                    }
                }
                while await server.counts().joined < 19 { await Task.yield() }
                await gate.open()
                for try await isRight in group { #expect(isRight) }
            }
            #expect(upstream.queries.count == 1)
        }
    }

    @Test("an AAAA query for a name that has only an A record is answered with no data, whatever the upstream says")
    func noData() async throws {
        let upstream = FakeUpstream(name: "cluster", answers: true)
        try await Self.with(upstream) { _, client in
            for name in ["web.shop", "api.shop"] {
                // For the second the A record is known before.
                if name == "api.shop" { _ = try await client.ask(NameCacheTests.query(name), isStream: false) }
                let response = try await client.ask(NameCacheTests.query(name, .aaaa), isStream: false)
                #expect(response.code == .success && response.answers.isEmpty)
            }
        }
        let none = FakeUpstream(name: "cluster", code: .nameError)
        try await Self.with(none) { _, client in
            let response = try await client.ask(NameCacheTests.query("web.shop", .aaaa), isStream: false)
            #expect(response.code == .nameError)
        }
    }

    @Test("A and AAAA from one port are both answered, in whatever order the upstream does")
    func bothFamilies() async throws {
        let upstream = FakeUpstream(name: "cluster", answers: true)
        try await Self.with(upstream) { _, client in
            let queries = [
                try NameCacheTests.query("web.shop", .aaaa, id: 1), try NameCacheTests.query("web.shop", id: 2),
            ]
            let responses = try await client.ask(queries)
            #expect(Set(responses.map(\.id)) == [1, 2])
        }
    }

    @Test("a response that is too long for UDP is cut, and whole over TCP and with EDNS")
    func truncated() async throws {
        try await Self.with(FakeUpstream(name: "cluster", answers: true)) { _, client in
            var query = try NameCacheTests.query("100.shop")
            let cut = try await client.ask(query, isStream: false)
            #expect(cut.isTruncated && cut.answers.count > 10 && cut.answers.count < 100)
            let whole = try await client.ask(query, isStream: true)
            #expect(!whole.isTruncated && whole.answers.count == 100)
            query.ednsExtension = DNSExtension(payloadSize: 4096)
            let large = try await client.ask(query, isStream: false)
            #expect(!large.isTruncated && large.answers.count == 100 && large.ednsExtension != nil)
            query = try NameCacheTests.query("4000.shop")
            #expect(try await client.ask(query, isStream: true).answers.count == 4000)
        }
    }

    @Test("every query is answered: SERVFAIL when the upstream fails, is silent, or says something else")
    func failures() async throws {
        let query = try NameCacheTests.query("web.shop", id: 5)
        try await Self.with(FakeUpstream(name: "cluster", fails: true)) { server, client in
            try await Self.expectFailure(client.ask(query, isStream: false))
            #expect(await server.counts().failures == 1)
            #expect(await server.counts().lastFailure == "no name server answered in time")
        }
        let gate = Gate()
        try await Self.with(FakeUpstream(name: "cluster", gate: gate), timeout: .milliseconds(20)) { _, client in
            try await Self.expectFailure(client.ask(query, isStream: false))
            try await Self.expectFailure(client.ask(query, isStream: true))
        }
        await gate.open()
        struct Strange: NameUpstream {
            func answer(to query: [UInt8]) async throws -> [UInt8] {
                try NameCacheTests.query("other.shop").response(.success).encode()
            }
        }
        try await Self.with(Strange()) { _, client in
            try await Self.expectFailure(client.ask(query, isStream: false))
        }
    }

    private static func expectFailure(_ response: DNSMessage) {
        #expect(response.code == .serverFailure && response.id == 5)
    }

    @Test("queries that are none of its business are refused at once, and responses are not answered at all")
    func refusals() async throws {
        let upstream = FakeUpstream(name: "cluster")
        try await Self.with(upstream) { server, client in
            var query = try NameCacheTests.query("web.shop")
            query.operation = 5
            #expect(try await client.ask(query, isStream: false).code == .notImplemented)
            query.operation = 0
            query.ednsExtension = DNSExtension(version: 1)
            #expect(try await client.ask(query, isStream: false).code == .badVersion)
            query.ednsExtension = nil
            query.questions[0].type = .axfr
            #expect(try await client.ask(query, isStream: true).code == .refused)
            query.questions = []
            #expect(try await client.ask(query, isStream: false).code == .formatError)
            let malformed = try await client.ask([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xC0], isStream: false)
            #expect(malformed.code == .formatError && malformed.id == 0x1234)
            #expect(upstream.queries.isEmpty)

            let before = await server.counts().queries
            let responses = try await client.ask(
                [
                    try NameCacheTests.query("web.shop", id: 1).response(.success),
                    try NameCacheTests.query("web.shop", id: 2),
                ], responses: 1)
            #expect(responses.map(\.id) == [2])
            #expect(await server.counts().queries == before + 1)
        }
    }

    @Test("the server that was there before is asked over UDP, over TCP when it cuts, and passed over when it fails")
    func forwarded() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        try await Self.with(FakeUpstream(name: "previous", answers: true)) { _, previous in
            try await Self.with(FakeUpstream(name: "broken", fails: true)) { _, broken in
                let closed = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
                let upstream = ForwardingUpstream(
                    servers: [closed, broken.address, previous.address], group: group, timeout: .seconds(20))
                let query = try NameCacheTests.query("100.example", id: 99)
                let response = try await DNSMessage(decoding: upstream.answer(to: query.encode()))
                #expect(response.id == 99 && response.answers.count == 100)
                let failing = ForwardingUpstream(
                    servers: [closed, broken.address], group: group, timeout: .seconds(20))
                #expect(try await DNSMessage(decoding: failing.answer(to: query.encode())).code == .serverFailure)
                let nobody = ForwardingUpstream(servers: [closed], group: group, timeout: .seconds(20))
                await #expect(throws: NameServerError.noAnswer) { try await nobody.answer(to: query.encode()) }
            }
        }
    }
}
