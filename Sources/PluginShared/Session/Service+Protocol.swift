public import Kubernetes

extension Service.Port {
    /// What the Service says of the port that is not HTTP/1 without TLS, which alone is read; `nil` where it says nothing, or that.
    ///
    /// It says so by `appProtocol`, or by the begin of the port's name, as service meshes read it.
    public var unreadProtocol: String? {
        if let said = self.appProtocol?.lowercased() { return Self.readable.contains(said) ? nil : said }
        let prefix = self.name?.lowercased().prefix { $0 != "-" }.description ?? ""
        return Self.unreadPrefixes.contains(prefix) ? prefix : nil
    }

    private static let readable: Set = [
        "http", "http/1.1", "http2", "h2c", "kubernetes.io/h2c", "grpc", "grpc-web", "kubernetes.io/ws",
    ]
    private static let unreadPrefixes: Set = ["https", "tls", "tcp", "mongo", "mysql", "redis"]
}
