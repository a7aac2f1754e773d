import Names

/// The namespace's resolv.conf.
enum NamespaceResolver {
    /// The file's text: our server, the search list of the cluster's pods and then this machine's own, and their `ndots`.
    static func text(search: [String], minimumDots: Int, machine: ResolverConfiguration) -> String {
        var suffixes = search
        for suffix in machine.search.map({ String($0.description.dropLast()) })
        where !suffix.isEmpty && !suffixes.contains(suffix) {
            suffixes.append(suffix)
        }
        return """
            # kubectl tunnel-dns exec: the cluster's names, for this command only
            nameserver 127.0.0.1
            search \(suffixes.joined(separator: " "))
            options ndots:\(minimumDots)

            """
    }
}
