public import NIOCore
import NIOPosix

/// Asks other servers, in their order, over UDP, and over TCP when the response was cut.
public struct ForwardingUpstream: NameUpstream {
    /// How long each server has for its response, over UDP and over TCP.
    public static let timeout = Duration.milliseconds(1500)

    private let servers: [SocketAddress]
    private let group: any EventLoopGroup
    private let timeout: Duration

    /// An upstream; `timeout` is for tests.
    public init(servers: [SocketAddress], group: any EventLoopGroup, timeout: Duration = Self.timeout) {
        self.servers = servers
        self.group = group
        self.timeout = timeout
    }

    /// The first server's response that is one to this query. A server that fails or refuses is passed over for the next.
    ///
    /// - Throws: ``NameServerError/noAnswer`` when no server has one.
    public func answer(to query: [UInt8]) async throws -> [UInt8] {
        var refusal: [UInt8]?
        for server in self.servers {
            guard let response = try? await self.ask(server, query) else { continue }
            let code = try? DNSMessage(decoding: response).code
            if code == .serverFailure || code == .refused || code == .notImplemented {
                refusal = refusal ?? response
                continue
            }
            return response
        }
        guard let refusal else { throw NameServerError.noAnswer }
        return refusal
    }

    private func ask(_ server: SocketAddress, _ query: [UInt8]) async throws -> [UInt8] {
        let response = try await ForwardedQuery.send(query, to: server, isStream: false, self.timeout, on: self.group)
        guard response.count > 2, response[2] & 0x02 != 0 else { return response }
        return try await ForwardedQuery.send(query, to: server, isStream: true, self.timeout, on: self.group)
    }
}
