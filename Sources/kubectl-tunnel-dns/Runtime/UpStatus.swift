import PluginGateway

/// What a running session says of itself.
struct UpStatus: Codable, Sendable {
    /// The session's record.
    var record: UpRecord
    /// Whether the tunnel to the gateway is up.
    var isUp: Bool
    /// Connections that are open.
    var openConnections: Int
    /// What went to the cluster.
    var statistics: ClusterLink.Statistics
    /// What resolver mode has done; `nil` in another mode.
    var resolver: ResolverFigures?
    /// For how many seconds the session runs.
    var seconds: Int

    /// As lines for people.
    func text(age: String) -> String {
        let names = self.record.names
        var lines = [
            ("mode", self.record.mode?.rawValue ?? "setting up"),
            ("gateway", "\(self.record.place), \(self.isUp ? "up" : "down, reconnecting")"),
            ("since", "\(age) ago, process \(self.record.pid)"),
            ("zone", names?.zone ?? "not known yet"),
            ("search", (names?.search ?? []).joined(separator: " ")),
            ("proxy", self.record.proxyPort.map { "127.0.0.1:\($0), SOCKS5 and HTTP" } ?? "none"),
        ]
        if let resolver = self.resolver {
            lines += [
                (
                    "resolver",
                    "\(resolver.queries) queries, \(resolver.fromCache) from the cache, \(resolver.failures) failed"
                ),
                ("redirect", "\(resolver.addresses) addresses, \(resolver.connections) connections"),
            ]
        }
        lines += [
            ("queries", "\(self.statistics.queries), \(self.statistics.failedQueries) failed"),
            (
                "connections",
                "\(self.openConnections) open, \(self.statistics.connections) made, \(self.statistics.failedConnections) failed"
            ),
        ]
        for error in self.statistics.lastErrors { lines.append(("last error", error)) }
        return lines.map { name, value in
            name + String(repeating: " ", count: 13 - name.count) + value
        }.joined(separator: "\n")
    }
}
