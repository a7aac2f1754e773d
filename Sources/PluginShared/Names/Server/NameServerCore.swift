import NIOCore

/// Answers queries: from the cache, or by asking upstream, once for all who want to know. Lives on one event loop.
///
/// Every query is answered, with SERVFAIL when nothing else is to be had in time: resolvers that ask several servers at
/// once, as musl does, take silence for a lost datagram and wait.
final class NameServerCore {
    /// Sends a response; `payloadSize` is the longest that the client takes over UDP, in bytes.
    typealias Reply = (_ response: DNSMessage, _ payloadSize: Int) -> Void

    private struct Waiter {
        let query: DNSMessage
        let reply: Reply
    }

    /// One question to upstream.
    private final class Attempt {
        let key: NameCache.Key
        var deadline: Scheduled<Void>?
        /// The deadline has passed.
        var isOver = false

        init(key: NameCache.Key) {
            self.key = key
        }
    }

    /// The most queries in flight, each of which is a task and a stream or socket; what comes on top fails at once.
    static let maximumInFlight = 1024

    private let loop: any EventLoop
    private let upstream: any NameUpstream
    private let timeout: TimeAmount
    private var cache: NameCache
    private var inFlight = QueriesInFlight<NameCache.Key, Waiter>()
    private var nextID = UInt16.random(in: 0 ... .max)
    private(set) var counts = NameServerCounts()

    init(loop: any EventLoop, upstream: any NameUpstream, cache: NameCache, timeout: TimeAmount) {
        self.loop = loop
        self.upstream = upstream
        self.cache = cache
        self.timeout = timeout
    }

    /// Takes a query's bytes; `reply` is called once, now or later, and never for what is not a query.
    func take(_ bytes: [UInt8], reply: @escaping Reply) {
        // A response to a response would go round for ever.
        guard bytes.count >= 12, bytes[2] & 0x80 == 0 else { return }
        self.counts.queries += 1
        let query: DNSMessage
        do {
            query = try DNSMessage(decoding: bytes)
        } catch {
            let operation = bytes[2] >> 3 & 0x0F
            let id = UInt16(bytes[0]) << 8 | UInt16(bytes[1])
            reply(
                DNSMessage(id: id, operation: operation, recursionDesired: bytes[2] & 1 != 0).response(.formatError), 0)
            return
        }
        if let code = Self.refusal(of: query) {
            reply(query.response(code), query.payloadSize)
        } else if let response = self.cache.response(to: query, now: Self.now()) {
            self.counts.fromCache += 1
            reply(response, query.payloadSize)
        } else {
            self.resolve(query, reply)
        }
    }

    /// Forgets what was answered.
    func flush() {
        self.cache.removeAll()
    }

    /// Why a query is not for this server; `nil` when it is.
    private static func refusal(of query: DNSMessage) -> DNSResponseCode? {
        if query.operation != 0 { return .notImplemented }
        guard query.questions.count == 1, let question = query.questions.first else { return .formatError }
        if let version = query.ednsExtension?.version, version > 0 { return .badVersion }
        // A zone transfer is many messages, and nothing a laptop needs.
        if question.type == .axfr || question.type.rawValue == 251 { return .refused }
        return nil
    }

    private func resolve(_ query: DNSMessage, _ reply: @escaping Reply) {
        guard let key = NameCache.Key(query) else { return }
        guard self.inFlight.contains(key) || self.inFlight.count < Self.maximumInFlight else {
            self.fail([Waiter(query: query, reply: reply)], reason: "too many queries at once")
            return
        }
        guard self.inFlight.join(key, Waiter(query: query, reply: reply)) else {
            self.counts.joined += 1
            return
        }
        let attempt = Attempt(key: key)
        attempt.deadline = self.loop.assumeIsolated().scheduleTask(in: self.timeout) {
            attempt.isOver = true
            self.fail(self.inFlight.finish(key), reason: "\(NameServerError.noAnswer)")
        }
        self.ask(query) { result in
            switch result {
            case .success(let response): self.came(response, in: attempt, query: query)
            case .failure(let error):
                // Who waits after the deadline waits for another attempt.
                guard !attempt.isOver else { return }
                attempt.deadline?.cancel()
                self.fail(self.inFlight.finish(key), reason: "\(error)")
            }
        }
    }

    /// Asks upstream in the server's own words: of the client's only question and flags go further.
    private func ask(_ query: DNSMessage, then: @escaping (Result<DNSMessage, any Error>) -> Void) {
        self.nextID &+= 1
        var asked = DNSMessage(
            id: self.nextID, recursionDesired: true, checkingDisabled: query.checkingDisabled,
            questions: query.questions)
        asked.ednsExtension = query.ednsExtension.map { DNSExtension(flags: $0.flags & 0x8000) }
        let sent = asked
        let promise = self.loop.makePromise(of: DNSMessage.self)
        promise.futureResult.assumeIsolated().whenComplete(then)
        let upstream = self.upstream
        promise.completeWithTask {
            let response = try DNSMessage(decoding: await upstream.answer(to: sent.encode()))
            guard response.answers(sent) else { throw NameServerError.strangeResponse }
            return response
        }
    }

    private func came(_ response: DNSMessage, in attempt: Attempt, query: DNSMessage) {
        let question = attempt.key.question
        guard response.code == .nameError, question.type != .a else { return self.settle(response, attempt) }
        // Some servers say that a name does not exist when it has no address of the family that was asked for, and musl
        // takes that at its word: whether it has one of the other is asked first.
        var other = query
        other.questions = [DNSQuestion(name: question.name, type: .a, recordClass: question.recordClass)]
        if self.cache.holdsAnswer(for: other.questions[0], now: Self.now()) {
            return self.settle(Self.withoutData(response), attempt)
        }
        guard question.type == .aaaa, self.cache.response(to: other, now: Self.now()) == nil else {
            return self.settle(response, attempt)
        }
        self.resolve(other) { address, _ in
            let exists = address.code == .success && !address.answers.isEmpty
            self.settle(exists ? Self.withoutData(response) : response, attempt)
        }
    }

    /// The response, saying that the name exists and has no such records.
    private static func withoutData(_ response: DNSMessage) -> DNSMessage {
        var response = response
        response.code = .success
        return response
    }

    private func settle(_ response: DNSMessage, _ attempt: Attempt) {
        attempt.deadline?.cancel()
        self.cache.store(response, for: attempt.key, now: Self.now())
        for waiter in self.inFlight.finish(attempt.key) {
            var own = response
            own.id = waiter.query.id
            own.questions = waiter.query.questions
            own.recursionDesired = waiter.query.recursionDesired
            own.recursionAvailable = true
            if own.code.rawValue > 15 { own.code = .serverFailure }
            own.ednsExtension = waiter.query.response(.success).ednsExtension
            if own.code == .serverFailure { self.counts.failures += 1 }
            waiter.reply(own, waiter.query.payloadSize)
        }
    }

    private func fail(_ waiters: [Waiter], reason: String) {
        guard !waiters.isEmpty else { return }
        self.counts.failures += waiters.count
        self.counts.lastFailure = reason
        for waiter in waiters { waiter.reply(waiter.query.response(.serverFailure), waiter.query.payloadSize) }
    }

    /// Monotonic time since an arbitrary moment.
    private static func now() -> Duration {
        .nanoseconds(Int64(clamping: NIODeadline.now().uptimeNanoseconds))
    }
}

extension DNSMessage {
    /// Whether this is a response to that query.
    func answers(_ query: DNSMessage) -> Bool {
        self.isResponse && self.id == query.id && self.questions == query.questions
    }

    /// The response's bytes, cut to a size; where it cannot be written, those of a SERVFAIL.
    func bytes(upTo size: Int) -> [UInt8]? {
        (try? self.encode(truncatingTo: size)) ?? (try? self.response(.serverFailure).encode(truncatingTo: size))
    }
}
