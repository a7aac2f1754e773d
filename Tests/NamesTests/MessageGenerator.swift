import Names

/// Makes messages of every kind.
struct MessageGenerator {
    var random: SplitMix
    private var known: [DNSName] = []

    init(random: SplitMix) {
        self.random = random
    }

    mutating func message() throws -> DNSMessage {
        self.known = []
        let hasExtension = Int.random(in: 0..<3, using: &self.random) == 0
        let codes: [UInt16] = [0, 0, 2, 3, 15] + (hasExtension ? [16, 4095] : [])
        return DNSMessage(
            id: .random(in: 0 ... .max, using: &self.random), isResponse: .random(using: &self.random),
            operation: self.pick([0, 0, 0, 2, 6]), isAuthoritative: .random(using: &self.random),
            isTruncated: .random(using: &self.random), recursionDesired: .random(using: &self.random),
            recursionAvailable: .random(using: &self.random), isAuthentic: .random(using: &self.random),
            checkingDisabled: .random(using: &self.random), code: DNSResponseCode(rawValue: self.pick(codes)),
            questions: try (0..<self.pick([0, 1, 1, 1, 2])).map { _ in
                DNSQuestion(
                    name: try self.name(), type: self.pick([.a, .aaaa, .srv, .any]),
                    recordClass: self.pick([.internet, .any]))
            },
            answers: try self.records(), authorities: try self.records(), additionals: try self.records(),
            ednsExtension: hasExtension
                ? DNSExtension(
                    payloadSize: self.pick([0, 512, 1232, 65_535]), flags: self.pick([0, 0x8000, 0x1234]),
                    options: (0..<self.pick([0, 0, 1, 3])).map { _ in
                        .init(code: self.pick([65_001, 65_002]), bytes: self.bytes(self.pick([0, 1, 9])))
                    }) : nil)
    }

    private mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int.random(in: 0..<values.count, using: &self.random)]
    }

    private mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in .random(in: 0...255, using: &self.random) }
    }

    private mutating func name() throws -> DNSName {
        if !self.known.isEmpty, Int.random(in: 0..<3, using: &self.random) == 0 { return self.pick(self.known) }
        let tail = self.known.isEmpty || Bool.random(using: &self.random) ? .root : self.pick(self.known)
        let labels = (0..<self.pick([0, 1, 2, 3, 5])).map { _ -> [UInt8] in
            switch Int.random(in: 0..<8, using: &self.random) {
            case 0: self.bytes(self.pick([1, 5, 20]))
            case 1: Array(repeating: 0x78, count: self.pick([1, 40, 63]))
            default: Array(self.pick(["web", "Web", "shop", "svc", "cluster", "local", "_http", "_tcp"]).utf8)
            }
        }
        guard let name = try? DNSName(labels: labels).appending(tail) else { return tail }
        self.known.append(name)
        return name
    }

    private mutating func records() throws -> [DNSRecord] {
        try (0..<self.pick([0, 0, 1, 2, 3])).map { _ in
            DNSRecord(
                name: try self.name(), type: DNSRecordType(rawValue: 65_280),
                timeToLive: self.pick([0, 5, 30, 2_147_483_647]), data: try self.data())
        }
    }

    private mutating func data() throws -> DNSRecordData {
        let number = UInt32.random(in: 0 ... .max, using: &self.random)
        let small = UInt16(truncatingIfNeeded: number)
        switch Int.random(in: 0..<10, using: &self.random) {
        case 0: return .a(IPv4Address(rawValue: number))
        case 1: return .aaaa(IPv6Address(high: UInt64(number) << 24, low: UInt64(number)))
        case 2: return .cname(try self.name())
        case 3: return .ptr(try self.name())
        case 4: return .ns(try self.name())
        case 5: return .mx(preference: small, exchange: try self.name())
        case 6: return .txt((0...self.pick([0, 1, 3])).map { _ in self.bytes(self.pick([0, 1, 20, 255])) })
        case 7:
            return .srv(priority: small, weight: small ^ 1, port: small ^ 2, target: try self.name())
        case 8:
            return .soa(
                DNSAuthority(
                    server: try self.name(), mailbox: try self.name(), serial: number, refresh: number ^ 1,
                    retry: number ^ 2, expire: number ^ 3, minimum: number ^ 4))
        default: return .raw(self.bytes(self.pick([0, 1, 30, 300])))
        }
    }
}
