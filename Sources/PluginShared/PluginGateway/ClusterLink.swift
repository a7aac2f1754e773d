public import NIOCore
public import Names
import Synchronization
public import Tunnel

/// The link to the cluster, whichever connection carries it just now: names, and connections.
public final class ClusterLink: NameUpstream, ClusterDialer {
    /// What went through it since the start.
    public struct Statistics: Sendable, Hashable, Codable {
        /// DNS messages that went to the cluster.
        public var queries = 0
        /// Those that were not answered.
        public var failedQueries = 0
        /// Connections that the gateway made.
        public var connections = 0
        /// Those that it did not make.
        public var failedConnections = 0
        /// The last reasons for either, the newest last; at most 5.
        public var lastErrors: [String] = []

        mutating func failed(_ what: String) {
            if self.lastErrors.last != what { self.lastErrors.append(what) }
            if self.lastErrors.count > 5 { self.lastErrors.removeFirst() }
        }
    }

    /// The loop of the tunnel, and of every socket that is carried.
    public let eventLoop: any EventLoop
    private let client = Mutex<GatewayClient?>(nil)
    private let counted = Mutex(Statistics())
    private let origins = Mutex(AddressOrigins())

    /// A link that is down.
    public init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// Changes the connection; `nil` while there is none.
    public func use(_ client: GatewayClient?) {
        self.client.withLock { $0 = client }
    }

    /// What went through.
    public var statistics: Statistics { self.counted.withLock { $0 } }
    /// Connections that are open now.
    public var openConnections: Int { self.client.withLock { $0?.connectionCount } ?? 0 }
    /// Whether there is a connection to the gateway.
    public var isUp: Bool { self.client.withLock { $0 != nil } }

    /// The cluster's answer to a query.
    ///
    /// - Throws: `StreamRefusal`.
    public func answer(to query: [UInt8]) async throws -> [UInt8] {
        let client = self.client.withLock { $0 }
        self.counted.withLock { $0.queries += 1 }
        do {
            guard let client else { throw StreamRefusal.noLink }
            let answer = Array(try await client.ask(ByteBuffer(bytes: query)).get().readableBytesView)
            if let response = try? DNSMessage(decoding: answer) { self.origins.withLock { $0.learn(response) } }
            return answer
        } catch {
            self.counted.withLock {
                $0.failedQueries += 1
                $0.failed("name: \(error)")
            }
            throw error
        }
    }

    /// Asks for a connection to `HOST:PORT`. To be called on ``eventLoop``; so is `then`, once.
    public func open(
        _ route: String, caller: String, then: @escaping (Result<GatewayConnection, StreamRefusal>) -> Void
    ) {
        let counting: (Result<GatewayConnection, StreamRefusal>) -> Void = { result in
            self.counted.withLock { counted in
                switch result {
                case .success: counted.connections += 1
                // Where the cluster has no part in it, nothing has failed.
                case .failure(let refusal) where refusal.status == StreamRefusal.outsideStatus: break
                case .failure(let refusal):
                    counted.failedConnections += 1
                    counted.failed("\(route): \(refusal)")
                }
            }
            then(result)
        }
        guard let client = self.client.withLock({ $0 }) else { return counting(.failure(.noLink)) }
        guard let query = self.origin(of: route) else { return client.open(route, caller: caller, then: counting) }
        client.open(route, caller: caller) { result in
            guard case .failure(let refusal) = result, refusal.status == StreamRefusal.outsideStatus else {
                return counting(result)
            }
            // The gateway's pod is another one than that which gave the address out, or has forgotten it.
            client.ask(query).assumeIsolated().whenComplete { _ in
                client.open(route, caller: caller, then: counting)
            }
        }
    }

    /// The query that an address came from.
    private func origin(of route: String) -> ByteBuffer? {
        guard let host = EgressRoute(route)?.host, let address = IPAddress(host),
            let query = self.origins.withLock({ $0.query(for: address) }), let bytes = try? query.encode()
        else { return nil }
        return ByteBuffer(bytes: bytes)
    }

    /// Asks for a connection to a host and port, and makes it from this machine when the cluster has no part in it. To be
    /// called on ``eventLoop``; so is `then`, once.
    public func openAnywhere(
        host: String, port: Int, caller: String, then: @escaping (Result<GatewayConnection, StreamRefusal>) -> Void
    ) {
        let client = self.client.withLock { $0 }
        // Worked without us, and has nothing to do with the cluster.
        if let client, Self.isThisMachine(host) { return client.openDirectly(host: host, port: port, then: then) }
        self.open(EgressRoute(host: host, port: port).description, caller: caller) { result in
            guard case .failure(let refusal) = result, refusal.status == StreamRefusal.outsideStatus, let client else {
                return then(result)
            }
            client.openDirectly(host: host, port: port, then: then)
        }
    }

    private static func isThisMachine(_ host: String) -> Bool {
        if host == "localhost" { return true }
        let kind = IPAddress(host)?.reserved
        return kind == .loopback || kind == .unspecified
    }

    /// Connects a channel; see `ClusterDialer`.
    public func connect(_ channel: any Channel, to host: String, port: Int) async throws(ClusterDialError) {
        let caller = channel.remoteAddress?.description ?? "unknown"
        let route = EgressRoute(host: host, port: port).description
        let joined = self.eventLoop.makePromise(of: Void.self)
        self.eventLoop.execute {
            let gone = StreamRefusal(status: StreamRefusal.noLinkStatus, reason: "the caller is gone")
            let held = HeldInput()
            do {
                try channel.pipeline.syncOperations.addHandler(held)
            } catch {
                return joined.fail(gone)
            }
            self.open(route, caller: caller) { result in
                switch result {
                case .success(let connection):
                    do {
                        try connection.join(channel, held: held)
                        joined.succeed(())
                    } catch {
                        connection.abandon()
                        joined.fail(gone)
                    }
                case .failure(let refusal):
                    try? held.release(in: channel)
                    channel.pipeline.syncOperations.removeHandler(held, promise: nil)
                    joined.fail(refusal)
                }
            }
        }
        do {
            try await joined.futureResult.get()
        } catch {
            throw ClusterDialError(error as? StreamRefusal ?? .lost)
        }
    }
}

extension ClusterDialError {
    /// What the gateway said.
    init(_ refusal: StreamRefusal) {
        let code: Code =
            switch refusal.status {
            case StreamRefusal.noLinkStatus: .noGateway
            case 403, StreamRefusal.outsideStatus: .notAllowed
            case 502 where refusal.reason.contains("refused"): .refused
            default: .unreachable
            }
        self.init(code: code, reason: refusal.reason)
    }
}
