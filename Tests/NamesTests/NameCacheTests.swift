import Testing

@testable import Names

@Suite struct NameCacheTests {
    static func query(_ name: String, _ type: DNSRecordType = .a, id: UInt16 = 1) throws -> DNSMessage {
        DNSMessage(id: id, questions: [DNSQuestion(name: try DNSName(name), type: type)])
    }

    static func answer(_ query: DNSMessage, timesToLive: [UInt32], aliasOnly: Bool = false) throws -> DNSMessage {
        var response = query.response(.success)
        response.isAuthoritative = true
        let question = query.questions[0]
        response.answers = try timesToLive.enumerated().map { index, time in
            DNSRecord(
                name: question.name, timeToLive: time,
                data: aliasOnly ? .cname(try DNSName("x")) : .a(IPv4Address(rawValue: UInt32(index))))
        }
        return response
    }

    static func negative(
        _ query: DNSMessage, code: DNSResponseCode = .nameError, timeToLive: UInt32 = 30, minimum: UInt32 = 30
    ) throws -> DNSMessage {
        var response = query.response(code)
        let zone = try DNSName("cluster.local")
        let authority = DNSAuthority(
            server: zone, mailbox: zone, serial: 1, refresh: 1, retry: 1, expire: 1, minimum: minimum)
        response.authorities = [DNSRecord(name: zone, timeToLive: timeToLive, data: .soa(authority))]
        return response
    }

    static func store(_ response: DNSMessage, in cache: inout NameCache, now: Duration = .zero) throws {
        cache.store(response, for: try #require(NameCache.Key(response)), now: now)
    }

    @Test("each record's time is counted down, and the shortest ends the response")
    func countsDown() throws {
        var cache = NameCache()
        let query = try Self.query("web.shop")
        try Self.store(Self.answer(query, timesToLive: [5, 30]), in: &cache, now: .seconds(100))
        let fresh = try #require(cache.response(to: query, now: .seconds(100)))
        #expect(fresh.answers.map(\.timeToLive) == [5, 30] && !fresh.isAuthoritative)
        let later = try #require(cache.response(to: query, now: .milliseconds(104_900)))
        #expect(later.answers.map(\.timeToLive) == [1, 26])
        #expect(cache.response(to: query, now: .seconds(105)) == nil)
        // What is too old goes when something else comes.
        try Self.store(Self.answer(Self.query("api.shop"), timesToLive: [5]), in: &cache, now: .seconds(105))
        #expect(cache.count == 1)
    }

    @Test("another case of the name is the same name, and comes back as it was asked")
    func keepsCase() throws {
        var cache = NameCache()
        try Self.store(Self.answer(Self.query("web.shop"), timesToLive: [5]), in: &cache)
        let response = try #require(cache.response(to: Self.query("wEb.SHOP", id: 7), now: .zero))
        #expect(response.id == 7)
        #expect(response.questions[0].name.description == "wEb.SHOP.")
        #expect(response.answers[0].name.description == "wEb.SHOP.")
    }

    @Test(
        "type, class and DNSSEC's flags tell queries apart; EDNS itself does not, and comes back only when it was asked with"
    )
    func keys() throws {
        var cache = NameCache()
        var query = try Self.query("web.shop")
        try Self.store(Self.answer(query, timesToLive: [5]), in: &cache)
        #expect(try cache.response(to: Self.query("web.shop", .aaaa), now: .zero) == nil)
        query.ednsExtension = DNSExtension()
        #expect(cache.response(to: query, now: .zero)?.ednsExtension != nil)
        query.ednsExtension?.flags = 0x8000
        #expect(cache.response(to: query, now: .zero) == nil)
        query.ednsExtension = nil
        #expect(cache.response(to: query, now: .zero).map { $0.ednsExtension == nil } == true)
        query.checkingDisabled = true
        #expect(cache.response(to: query, now: .zero) == nil)
        query.checkingDisabled = false
        query.questions[0].recordClass = .any
        #expect(cache.response(to: query, now: .zero) == nil)
    }

    @Test(
        "a negative answer lives as long as its SOA says, and 5 s at most",
        arguments: [
            (30, 30, 5), (3, 30, 3), (30, 2, 2), (0, 30, nil), (30, 0, nil),
        ] as [(UInt32, UInt32, UInt32?)])
    func negative(timeToLive: UInt32, minimum: UInt32, lifetime: UInt32?) throws {
        let query = try Self.query("nothing.shop")
        for code in [DNSResponseCode.nameError, .success] {
            let response = try Self.negative(query, code: code, timeToLive: timeToLive, minimum: minimum)
            #expect(NameCache.lifetime(of: response, for: query.questions[0]) == lifetime)
        }
        // An alias without an end is negative, too.
        var alias = try Self.answer(query, timesToLive: [60], aliasOnly: true)
        #expect(NameCache.lifetime(of: alias, for: query.questions[0]) == nil)
        alias.authorities = try Self.negative(query, timeToLive: timeToLive, minimum: minimum).authorities
        #expect(NameCache.lifetime(of: alias, for: query.questions[0]) == lifetime)
    }

    @Test("what must not be kept is not")
    func notKept() throws {
        let query = try Self.query("web.shop")
        var response = try Self.answer(query, timesToLive: [5])
        response.isTruncated = true
        #expect(NameCache.lifetime(of: response, for: query.questions[0]) == nil)
        response.isTruncated = false
        #expect(NameCache.lifetime(of: response, for: query.questions[0]) == 5)
        response.code = .serverFailure
        #expect(NameCache.lifetime(of: response, for: query.questions[0]) == nil)
        let none = query.response(.nameError)
        #expect(NameCache.lifetime(of: none, for: query.questions[0]) == nil)
        #expect(try NameCache.lifetime(of: Self.answer(query, timesToLive: [5, 0]), for: query.questions[0]) == nil)
    }

    @Test("the size is bounded: the oldest go first")
    func bounded() throws {
        var cache = NameCache(capacity: 100_000)
        for index in 0..<5_000 {
            try Self.store(Self.answer(Self.query("web-\(index).shop"), timesToLive: [5]), in: &cache)
        }
        #expect(cache.size <= 100_000 && cache.count > 50 && cache.count < 500)
        #expect(try cache.response(to: Self.query("web-4999.shop"), now: .zero) != nil)
        #expect(try cache.response(to: Self.query("web-0.shop"), now: .zero) == nil)
        for _ in 0..<5_000 { try Self.store(Self.answer(Self.query("web.shop"), timesToLive: [5]), in: &cache) }
        #expect(try cache.response(to: Self.query("web-4999.shop"), now: .zero) != nil)
        var huge = try Self.answer(Self.query("huge.shop"), timesToLive: [5])
        huge.answers = Array(repeating: huge.answers[0], count: 1_000)
        try Self.store(huge, in: &cache)
        #expect(try cache.response(to: Self.query("huge.shop"), now: .zero) == nil)
        cache.removeAll()
        #expect(cache.count == 0 && cache.size == 0 && cache.capacity == 100_000)
    }

    @Test("a query is asked once, and everyone hears the answer")
    func inFlight() {
        var queries = QueriesInFlight<String, Int>()
        #expect(queries.join("a", 1) && !queries.join("a", 2) && queries.join("b", 3))
        #expect(queries.count == 2 && queries.contains("a"))
        #expect(queries.finish("a") == [1, 2] && queries.finish("a") == [] && !queries.contains("a"))
        let isFirst = queries.join("a", 4)
        #expect(isFirst)
    }
}
