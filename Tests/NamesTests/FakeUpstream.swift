import Names
import Synchronization

/// An upstream in this process that says who it is in the authority section.
final class FakeUpstream: NameUpstream {
    private let name: String
    private let code: DNSResponseCode
    private let answers: Bool
    private let fails: Bool
    private let gate: Gate?
    private let asked = Mutex<[DNSMessage]>([])

    /// - Parameters:
    ///   - answers: Whether there are answers: 192.0.2.1, or as many as the first label says.
    ///   - gate: What each answer waits for.
    init(
        name: String, code: DNSResponseCode = .success, answers: Bool = false, fails: Bool = false, gate: Gate? = nil
    ) {
        self.name = name
        self.code = code
        self.answers = answers
        self.fails = fails
        self.gate = gate
    }

    /// The queries that came.
    var queries: [DNSMessage] { self.asked.withLock { $0 } }

    func answer(to query: [UInt8]) async throws -> [UInt8] {
        let query = try DNSMessage(decoding: query)
        self.asked.withLock { $0.append(query) }
        await self.gate?.wait()
        if self.fails { throw NameServerError.noAnswer }
        var response = query.response(self.code)
        let question = query.questions[0]
        let owner = try DNSName(self.name)
        let authority = DNSAuthority(
            server: owner, mailbox: owner, serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 5)
        response.authorities = [DNSRecord(name: owner, timeToLive: 5, data: .soa(authority))]
        if self.answers, question.type == .a {
            let label = String(decoding: question.name.labels.first ?? [], as: UTF8.self)
            response.answers = (0..<(UInt32(label) ?? 1)).map {
                DNSRecord(name: question.name, timeToLive: 5, data: .a(IPv4Address(rawValue: 0xC000_0201 + $0)))
            }
        } else if self.answers {
            // As servers do that know one family of addresses only.
            response.code = .nameError
        }
        return try response.encode()
    }
}

/// Holds tasks until it is opened.
actor Gate {
    private var isOpen = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func wait() async {
        if self.isOpen { return }
        await withCheckedContinuation { self.waiting.append($0) }
    }

    func open() {
        self.isOpen = true
        for continuation in self.waiting { continuation.resume() }
        self.waiting = []
    }
}
