public import NIOCore

/// What a gateway's end leaves to the program around it. Called on the end's event loop.
public protocol GatewayDecisions: Sendable {
    /// The addresses to dial for a route `HOST:PORT`, best first; fails with a `StreamRefusal` when it may not be.
    func addresses(for route: String) -> EventLoopFuture<[SocketAddress]>
    /// The answer to a DNS message; fails with a `StreamRefusal`.
    func answer(_ message: ByteBuffer) -> EventLoopFuture<ByteBuffer>
}
