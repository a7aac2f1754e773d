/// Responses that were given lately, for as long as their records say. A value: time is an argument.
///
/// Times are monotonic, since any fixed moment.
public struct NameCache: Sendable {
    /// What a response is stored under: flags that change a response are part of it, EDNS and the case of the name are not.
    public struct Key: Hashable, Sendable {
        let question: DNSQuestion
        let wantsSignatures: Bool
        let checkingDisabled: Bool

        /// The key of a query; `nil` when it has not one question, or is not a usual query.
        public init?(_ query: DNSMessage) {
            guard query.operation == 0, query.questions.count == 1, let question = query.questions.first else {
                return nil
            }
            self.init(
                question: question, wantsSignatures: query.ednsExtension?.wantsSignatures ?? false,
                checkingDisabled: query.checkingDisabled)
        }

        init(question: DNSQuestion, wantsSignatures: Bool = false, checkingDisabled: Bool = false) {
            self.question = question
            self.wantsSignatures = wantsSignatures
            self.checkingDisabled = checkingDisabled
        }
    }

    private struct Entry {
        let response: DNSMessage
        let storedAt: Duration
        let lifetime: Duration
        let serial: Int
        /// An estimate of the bytes held.
        let size: Int
    }

    /// The longest a negative response is stored, in seconds: a Service that was made just now must not stay hidden
    /// (kubernetes/kubernetes#74093 chose the same).
    public static let maximumNegativeTimeToLive: UInt32 = 5

    /// The most bytes that responses may take, as an estimate.
    public let capacity: Int
    private var entries: [Key: Entry] = [:]
    /// Keys in the order in which they were stored, those that are gone included.
    private var order: [(key: Key, serial: Int)] = []
    private var nextSerial = 0
    private var oldest = 0
    private(set) var size = 0

    /// An empty cache.
    ///
    /// - Parameter capacity: The most bytes that responses may take; 4 MiB are about 10,000 usual ones.
    public init(capacity: Int = 4 << 20) {
        self.capacity = capacity
    }

    /// How many responses are stored, those that are too old and not swept yet included.
    public var count: Int { self.entries.count }

    /// The response to a query, its times counted down and its question in the query's case; `nil` when there is none.
    public func response(to query: DNSMessage, now: Duration) -> DNSMessage? {
        guard let key = Key(query), let question = query.questions.first else { return nil }
        guard let entry = self.entries[key] else { return nil }
        let age = now - entry.storedAt
        guard age < entry.lifetime else { return nil }
        var response = entry.response
        response.id = query.id
        response.recursionDesired = query.recursionDesired
        response.questions = [question]
        response.ednsExtension = query.response(.success).ednsExtension
        let seconds = UInt32(clamping: age.components.seconds)
        for index in response.answers.indices {
            response.answers[index].timeToLive -= min(seconds, response.answers[index].timeToLive)
            // Who varies the case of a name to tell responses apart sees it in records, too.
            if response.answers[index].name == question.name { response.answers[index].name = question.name }
        }
        for index in response.authorities.indices {
            response.authorities[index].timeToLive -= min(seconds, response.authorities[index].timeToLive)
        }
        for index in response.additionals.indices {
            response.additionals[index].timeToLive -= min(seconds, response.additionals[index].timeToLive)
        }
        return response
    }

    /// Whether a positive answer for this question is stored: records of the type itself, or an alias.
    public func holdsAnswer(for question: DNSQuestion, now: Duration) -> Bool {
        guard let entry = self.entries[Key(question: question)] else { return false }
        return now - entry.storedAt < entry.lifetime && !entry.response.answers.isEmpty
            && entry.response.code == .success
    }

    /// Keeps a response, if it may be stored.
    public mutating func store(_ response: DNSMessage, for key: Key, now: Duration) {
        guard let lifetime = Self.lifetime(of: response, for: key.question) else { return }
        var stored = response
        stored.ednsExtension = nil
        // What comes from here comes from no authority (RFC 1034 §6.2.1).
        stored.isAuthoritative = false
        stored.recursionAvailable = true
        let size = Self.size(of: stored)
        guard size <= self.capacity / 8 else { return }
        self.remove(key)
        self.entries[key] = Entry(
            response: stored, storedAt: now, lifetime: .seconds(lifetime), serial: self.nextSerial, size: size)
        self.order.append((key, self.nextSerial))
        self.nextSerial += 1
        self.size += size
        while self.size > self.capacity || self.oldestIsOver(now: now) { self.dropOldest() }
        self.compact()
    }

    /// Forgets everything.
    public mutating func removeAll() {
        self = NameCache(capacity: self.capacity)
    }

    /// How long a response may be stored, in seconds: as long as its shortest-lived record, and a negative one as RFC 2308
    /// §5 says, but at most ``maximumNegativeTimeToLive``; `nil` when not at all.
    static func lifetime(of response: DNSMessage, for question: DNSQuestion) -> UInt32? {
        guard response.isResponse, !response.isTruncated, question.type != .any,
            response.code == .success || response.code == .nameError
        else { return nil }
        let records = response.answers + response.authorities + response.additionals
        var lifetime = records.map(\.timeToLive).min() ?? 0
        let isPositive = response.code == .success && response.answers.contains { $0.type == question.type }
        if !isPositive {
            let limits = response.authorities.compactMap { record -> UInt32? in
                guard case .soa(let authority) = record.data else { return nil }
                return min(record.timeToLive, authority.minimum)
            }
            guard let limit = limits.min() else { return nil }
            lifetime = min(lifetime, limit, Self.maximumNegativeTimeToLive)
        }
        return lifetime > 0 ? lifetime : nil
    }

    /// An estimate: what the arrays and names of a message take in memory.
    private static func size(of response: DNSMessage) -> Int {
        let records = response.answers + response.authorities + response.additionals
        return records.reduce(400) { size, record in
            let data =
                switch record.data {
                case .raw(let bytes): bytes.count
                case .txt(let strings): strings.reduce(0) { $0 + $1.count + 48 }
                default: 80
                }
            return size + 160 + record.name.wire.count + data
        }
    }

    private mutating func remove(_ key: Key) {
        guard let entry = self.entries.removeValue(forKey: key) else { return }
        self.size -= entry.size
    }

    /// Whether the oldest entry is too old, or has been replaced.
    private func oldestIsOver(now: Duration) -> Bool {
        guard self.oldest < self.order.count else { return false }
        let (key, serial) = self.order[self.oldest]
        guard let entry = self.entries[key], entry.serial == serial else { return true }
        return now - entry.storedAt >= entry.lifetime
    }

    private mutating func dropOldest() {
        guard self.oldest < self.order.count else { return }
        let (key, serial) = self.order[self.oldest]
        self.oldest += 1
        // The key may have been stored again since.
        if self.entries[key]?.serial == serial { self.remove(key) }
    }

    /// Keeps the order as short as the entries are few.
    private mutating func compact() {
        guard self.order.count > 64, self.order.count > 4 * self.entries.count || self.oldest > self.order.count / 2
        else { return }
        self.order = self.order[self.oldest...].filter { self.entries[$0.key]?.serial == $0.serial }
        self.oldest = 0
    }
}
