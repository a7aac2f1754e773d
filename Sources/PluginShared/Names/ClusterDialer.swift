public import NIOCore

/// Takes connections of this machine to addresses in the cluster.
public protocol ClusterDialer: Sendable {
    /// Where the channels that are handed over have to live: the loop of the tunnel.
    var eventLoop: any EventLoop { get }

    /// Connects a channel with `host` and `port`, seen from the cluster, and from then on carries bytes, FINs and resets
    /// both ways; the channel is the dialer's.
    ///
    /// - Parameters:
    ///   - channel: An accepted connection on ``eventLoop`` with `autoRead` off and remote half-closure allowed. What it
    ///     has read already is fired through its pipeline after the dialer's handler has been added.
    ///   - host: An address or a name.
    ///   - port: A TCP port.
    /// - Throws: ``ClusterDialError``; the channel is the caller's again, nothing was written to it.
    func connect(_ channel: any Channel, to host: String, port: Int) async throws(ClusterDialError)
}

/// Why a connection to the cluster did not come about.
public struct ClusterDialError: Error, Hashable, Sendable {
    /// What a program can tell apart: SOCKS and HTTP have codes of their own for these.
    public enum Code: Hashable, Sendable {
        /// Nobody listens there.
        case refused
        /// No answer, no route, or no such name.
        case unreachable
        /// The gateway does not connect to this address.
        case notAllowed
        /// There is no gateway, for now.
        case noGateway
    }

    /// The kind.
    public let code: Code
    /// One line for people, lowercase, without a period.
    public let reason: String

    /// A failure.
    public init(code: Code, reason: String) {
        self.code = code
        self.reason = reason
    }
}
