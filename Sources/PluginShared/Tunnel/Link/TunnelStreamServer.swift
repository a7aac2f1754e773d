import NIOHPACK

/// What an end does for its peer: HTTP/2's server has one, its client none.
protocol TunnelStreamServer: AnyObject {
    /// The peer asks for a connection to a route, in the name of a caller.
    func link(_ link: TunnelLink, asked stream: StreamPipe, route: String, caller: String)
    /// The peer sends a request to a path; its body follows.
    func link(_ link: TunnelLink, requested stream: StreamPipe, path: String)
}

extension TunnelStreamServer {
    func link(_ link: TunnelLink, requested stream: StreamPipe, path: String) {
        stream.writeHeaders(HPACKHeaders([(":status", "404")]), ends: true)
        stream.flush()
    }
}
