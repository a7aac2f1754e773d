import Names
import Testing

@Suite struct DNSMessageTests {
    static func response() throws -> DNSMessage {
        let name = try DNSName("Web.shop.svc.cluster.local")
        let zone = try DNSName("cluster.local")
        return DNSMessage(
            id: 0xBEEF, isResponse: true, isAuthoritative: true, recursionAvailable: true,
            questions: [DNSQuestion(name: name, type: .a)],
            answers: [
                DNSRecord(name: name, timeToLive: 5, data: .a(IPv4Address(rawValue: 0x0A60_0001))),
                DNSRecord(name: name, timeToLive: 5, data: .aaaa(IPv6Address(high: 0xFD00 << 48, low: 1))),
                DNSRecord(name: name, timeToLive: 5, data: .cname(try DNSName("db.example.com"))),
                DNSRecord(name: name, timeToLive: 5, data: .ptr(name)),
                DNSRecord(name: name, timeToLive: 5, data: .mx(preference: 10, exchange: name)),
                DNSRecord(name: name, timeToLive: 5, data: .txt([[], Array("1.1.0".utf8)])),
                DNSRecord(name: name, timeToLive: 5, data: .srv(priority: 0, weight: 100, port: 80, target: name)),
                DNSRecord(name: name, type: .init(rawValue: 65_280), timeToLive: 5, data: .raw([1, 2, 3])),
            ],
            authorities: [
                DNSRecord(name: zone, timeToLive: 30, data: .ns(try DNSName("ns.dns").appending(zone))),
                DNSRecord(
                    name: zone, timeToLive: 30,
                    data: .soa(
                        DNSAuthority(
                            server: zone, mailbox: .root, serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 5))),
            ],
            ednsExtension: DNSExtension(flags: 0x8000, options: [.init(code: 10, bytes: [9, 9])]))
    }

    @Test("what is encoded is decoded again, with its case")
    func roundTrip() throws {
        let message = try Self.response()
        let decoded = try DNSMessage(decoding: message.encode())
        #expect(decoded == message)
        #expect(decoded.questions[0].name.description == "Web.shop.svc.cluster.local.")
    }

    @Test("a name that is there already is pointed at; an SRV's target is not, nor is one in another case")
    func compression() throws {
        let name = try DNSName("web.shop")
        var message = DNSMessage(id: 1, questions: [DNSQuestion(name: name, type: .a)])
        message.answers = [DNSRecord(name: name, timeToLive: 0, data: .cname(try DNSName("api.shop")))]
        #expect(
            try message.encode().suffix(18)
                == [0xC0, 12, 0, 5, 0, 1, 0, 0, 0, 0, 0, 6, 3] + Array("api".utf8) + [0xC0, 16])
        message.answers = [
            DNSRecord(
                name: try DNSName("WEB.shop"), timeToLive: 0, data: .srv(priority: 0, weight: 0, port: 0, target: name))
        ]
        let bytes = try message.encode()
        #expect(bytes[(12 + 14)...].starts(with: [3] + Array("WEB".utf8) + [0xC0, 16]))
        #expect(bytes.suffix(10) == name.wire[...])
    }

    @Test("a name that a pointer cannot reach, beyond 16 KiB, is not pointed at")
    func farNames() throws {
        var message = DNSMessage(id: 1, isResponse: true)
        message.answers = try (0..<3_000).map {
            DNSRecord(name: try DNSName("web-\($0 % 1_500).shop"), timeToLive: 5, data: .raw([]))
        }
        #expect(try DNSMessage(decoding: message.encode()) == message)
    }

    @Test("names in older types are written out, so that they survive elsewhere")
    func olderTypes() throws {
        // An RP record whose two names point at the question.
        var bytes: [UInt8] = [0, 1, 0x80, 0, 0, 1, 0, 1, 0, 0, 0, 0, 3, 0x61, 0x62, 0x63, 0, 0, 17, 0, 1]
        bytes += [0xC0, 12, 0, 17, 0, 1, 0, 0, 0, 0, 0, 4, 0xC0, 12, 0xC0, 12]
        let message = try DNSMessage(decoding: bytes)
        #expect(message.answers[0].data == .raw([3, 0x61, 0x62, 0x63, 0, 3, 0x61, 0x62, 0x63, 0]))
        #expect(try DNSMessage(decoding: message.encode()) == message)
    }

    @Test(
        "malformed messages are errors",
        arguments: [
            ([], DNSError.endOfMessage),
            ([0xC0, 12, 0, 1, 0, 1], .badPointer),
            ([0xC0, 14, 0, 1, 0, 1], .badPointer),
            ([1, 0x61, 0xC0, 12, 0, 1, 0, 1], .badPointer),
            ([0x40, 0, 0, 1, 0, 1], .badLabel),
            ([0x80, 0, 0, 1, 0, 1], .badLabel),
            ([5, 0x61, 0, 0], .endOfMessage),
            ([0xC0], .endOfMessage),
            ([0, 0, 1, 0], .endOfMessage),
            ([0, 0, 1, 0, 1, 0], .trailingBytes),
            (Array(repeating: [63] + Array(repeating: 0x61, count: 63), count: 4).flatMap { $0 } + [0], .nameTooLong),
        ] as [([UInt8], DNSError)])
    func malformed(question: [UInt8], error: DNSError) {
        let header: [UInt8] = [0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
        #expect(throws: error) { try DNSMessage(decoding: header + question) }
    }

    @Test(
        "data that do not fit their type are errors",
        arguments: [
            (DNSRecordType.a, [1, 2, 3]), (.a, [1, 2, 3, 4, 5]), (.aaaa, [1]), (.txt, []), (.txt, [2, 1]), (.cname, []),
            (.cname, [0, 0]), (.mx, [0, 1]), (.srv, [0, 0, 0, 0, 0, 0]), (.soa, [0, 0, 1]), (.init(rawValue: 35), [1]),
        ] as [(DNSRecordType, [UInt8])])
    func badData(type: DNSRecordType, data: [UInt8]) {
        let bytes: [UInt8] =
            [0, 1, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, UInt8(type.rawValue), 0, 1, 0, 0, 0, 0, 0, UInt8(data.count)]
        // What follows is not the record's, and must not be taken for it.
        #expect(throws: DNSError.badData(type)) { try DNSMessage(decoding: bytes + data) }
        #expect(throws: DNSError.badData(type)) {
            try DNSMessage(decoding: bytes + data + [0, 0, 0, 0, 0, 0, 0, 0, 0])
        }
    }

    @Test("a message is cut at a record, and says so when answers are missing")
    func truncation() throws {
        var message = DNSMessage(id: 7, isResponse: true, ednsExtension: DNSExtension())
        let name = try DNSName("headless.shop.svc.cluster.local")
        message.questions = [DNSQuestion(name: name, type: .a)]
        message.answers = (0..<100).map {
            DNSRecord(name: name, timeToLive: 5, data: .a(IPv4Address(rawValue: $0)))
        }
        let cut = try DNSMessage(decoding: message.encode(truncatingTo: 0))
        // 12 of header, 37 of question, 11 of OPT: 28 records of 16 bytes fit into 512.
        #expect(cut.answers.count == 28 && cut.isTruncated && cut.ednsExtension != nil)
        #expect(try message.encode(truncatingTo: 0).count <= 512)
        #expect(try DNSMessage(decoding: message.encode(truncatingTo: 4096)) == message)

        (message.additionals, message.answers) = (message.answers, [])
        #expect(try !DNSMessage(decoding: message.encode(truncatingTo: 512)).isTruncated)
        message.additionals = Array(repeating: message.additionals[0], count: 5_000)
        #expect(throws: DNSError.tooLong) { try message.encode() }
    }

    @Test("a response code above 15 needs EDNS; two OPT records are an error")
    func extensions() throws {
        var message = DNSMessage(id: 1, isResponse: true, code: .badVersion)
        #expect(throws: DNSError.codeNeedsExtension) { try message.encode() }
        message.ednsExtension = DNSExtension(version: 1)
        #expect(try DNSMessage(decoding: message.encode()).code == .badVersion)
        var bytes = try message.encode()
        bytes[11] = 2
        #expect(throws: DNSError.badExtension) { try DNSMessage(decoding: bytes + bytes.suffix(11)) }
    }

    @Test("flipped bits and cut messages never trap, and what decodes encodes")
    func fuzz() throws {
        var random = SplitMix(state: 2)
        let seeds = [
            try Self.response().encode(),
            try DNSMessage(
                id: 1,
                questions: [
                    DNSQuestion(name: try DNSName("a.b.c"), type: .srv)
                ]
            ).encode(),
        ]
        var decoded = 0
        for round in 0..<20_000 {
            var bytes = seeds[round % seeds.count]
            for _ in 0...Int.random(in: 0..<4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            if round % 3 == 0 { bytes.removeLast(Int.random(in: 0...bytes.count, using: &random)) }
            if round % 7 == 0 { bytes = (0..<40).map { _ in UInt8.random(in: 0...255, using: &random) } }
            guard let message = try? DNSMessage(decoding: bytes) else { continue }
            decoded += 1
            #expect(try DNSMessage(decoding: message.encode()) == message)
        }
        #expect(decoded > 1_000)
    }
}

/// Numbers that are the same in every run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var value = self.state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
