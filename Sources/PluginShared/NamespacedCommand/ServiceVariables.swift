import Names

/// The Services whose addresses an environment carries as a pod's does: `WEB_API_SERVICE_HOST` is `web-api`.
enum ServiceVariables {
    /// The most that are looked up: 200, more than a namespace usually has.
    static let maximumCount = 200

    /// The names of the Services, as the cluster answers them. A pod has those of its namespace, and `kubernetes`.
    ///
    /// - Parameter search: The search list of the namespace's pods, the namespace's own domain first.
    static func names(in environment: [String: String], search: [String]) -> [DNSName] {
        let suffix = "_SERVICE_HOST"
        guard let domain = search.first else { return [] }
        return environment.keys.sorted().lazy.compactMap { key -> DNSName? in
            guard key.hasSuffix(suffix), let value = environment[key], IPAddress(value) != nil else { return nil }
            let service = key.dropLast(suffix.count).lowercased().replacing("_", with: "-")
            // The API server's is in every pod, and of one namespace.
            let parent = service == "kubernetes" ? "default.\(domain.drop { $0 != "." }.dropFirst())" : domain
            return try? DNSName("\(service).\(parent)")
        }.prefix(Self.maximumCount).map(\.self)
    }
}
