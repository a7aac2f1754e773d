/// The laptop's end of a tunnel, in either role.
public protocol TunnelEnd: Sendable {
    /// Sends a PING; the result is its round trip.
    func ping() async throws(TunnelError) -> Duration
    /// Says goodbye and ends the tunnel.
    func close() async
}
