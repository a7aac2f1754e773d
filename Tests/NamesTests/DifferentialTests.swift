import Foundation
import Names
import Testing

/// Where the files of the differential test are.
private let differentialFolder = ProcessInfo.processInfo.environment["NAMES_DIFFERENTIAL"]

/// Swift's side of the differential test; `Tests/Names/differential` runs it, and has dnspython write and check the files.
@Suite(.enabled(if: differentialFolder != nil)) struct DifferentialTests {
    static let count = 10_000

    @Test("messages of dnspython are read, and written again")
    func fromPython() throws {
        var (words, again): ([String], [[UInt8]]) = ([], [])
        for bytes in try Self.load("python") {
            let message = try DNSMessage(decoding: bytes)
            words.append(message.words)
            again.append(try message.encode())
        }
        try Self.save(words, to: "python.words")
        try Self.save(again, to: "python.again")
    }

    @Test("malformed messages are read or refused")
    func malformed() throws {
        try Self.save(
            Self.load("python-broken").map { (try? DNSMessage(decoding: $0))?.words ?? "error" },
            to: "python-broken.words")
    }

    @Test("messages are written for dnspython")
    func fromSwift() throws {
        var generator = MessageGenerator(random: SplitMix(state: 1))
        let messages = try (0..<Self.count).map { _ in try generator.message() }
        try Self.save(messages.map(\.words), to: "swift.words")
        try Self.save(messages.map { try $0.encode() }, to: "swift")
    }

    private static func path(_ name: String) -> URL {
        URL(filePath: differentialFolder ?? "/nonexistent").appending(component: name)
    }

    private static func load(_ name: String) throws -> [[UInt8]] {
        let data = [UInt8](try Data(contentsOf: Self.path(name)))
        var (messages, position): ([[UInt8]], Int) = ([], 0)
        while position < data.count {
            let length = data[position..<(position + 4)].reduce(0) { $0 << 8 | Int($1) }
            messages.append(Array(data[(position + 4)..<(position + 4 + length)]))
            position += 4 + length
        }
        return messages
    }

    private static func save(_ messages: [[UInt8]], to name: String) throws {
        var data = Data()
        for message in messages {
            data.append(contentsOf: [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: message.count >> $0) })
            data.append(contentsOf: message)
        }
        try data.write(to: Self.path(name))
    }

    private static func save(_ words: [String], to name: String) throws {
        try Data(words.map { $0 + "\n" }.joined().utf8).write(to: Self.path(name))
    }
}

extension DNSMessage {
    /// What the message says, in the words of `messages.py`.
    var words: String {
        let flags: [(Bool, UInt16)] = [
            (self.isResponse, 0x8000), (self.isAuthoritative, 0x0400), (self.isTruncated, 0x0200),
            (self.recursionDesired, 0x0100), (self.recursionAvailable, 0x0080), (self.isAuthentic, 0x0020),
            (self.checkingDisabled, 0x0010),
        ]
        let bits = flags.reduce(0 as UInt16) { $0 | ($1.0 ? $1.1 : 0) }
        var parts = ["\(self.id) \(Self.hex(bits)) \(self.operation) \(self.code.rawValue)"]
        if let opt = self.ednsExtension {
            let options = opt.options.map { "\($0.code):\(Self.hex($0.bytes))" }.joined(separator: ",")
            parts.append("opt \(opt.payloadSize) \(opt.version) \(Self.hex(opt.flags)) \(options)")
        }
        for question in self.questions {
            parts.append(
                "0 \(Self.hex(question.name.wire)) \(question.type.rawValue) \(question.recordClass.rawValue)")
        }
        for (section, records) in [(1, self.answers), (2, self.authorities), (3, self.additionals)] {
            for record in records {
                let head = "\(section) \(Self.hex(record.name.wire)) \(record.type.rawValue)"
                parts.append(
                    "\(head) \(record.recordClass.rawValue) \(record.timeToLive) \(Self.hex(record.data.plainBytes))")
            }
        }
        return parts.joined(separator: "|")
    }

    private static func hex(_ value: UInt16) -> String { Self.hex([UInt8(value >> 8), UInt8(value & 0xFF)]) }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

extension DNSRecordData {
    /// The data without compression.
    var plainBytes: [UInt8] {
        func two(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xFF)] }
        func four(_ value: UInt32) -> [UInt8] { IPv4Address(rawValue: value).bytes }
        return switch self {
        case .a(let address): address.bytes
        case .aaaa(let address): address.bytes
        case .cname(let name), .ptr(let name), .ns(let name): name.wire
        case .mx(let preference, let exchange): two(preference) + exchange.wire
        case .txt(let strings): strings.flatMap { [UInt8($0.count)] + $0 }
        case .srv(let priority, let weight, let port, let target):
            two(priority) + two(weight) + two(port) + target.wire
        case .soa(let soa):
            soa.server.wire + soa.mailbox.wire
                + [soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum].flatMap(four)
        case .raw(let bytes): bytes
        }
    }
}
