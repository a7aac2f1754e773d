/// The keys of log metadata, in one place so that no two lines spell one thing in two ways.
enum LogKey {
    /// The route a connection or stream belongs to.
    static let route = "route"
    /// The number of a connection or stream on its end.
    static let stream = "stream"
    /// Why something ended.
    static let reason = "reason"
    /// The address of the other side.
    static let peer = "peer"
}
