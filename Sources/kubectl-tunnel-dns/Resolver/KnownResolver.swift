/// The resolvers that ask different servers for different names, and take orders for a link.
enum KnownResolver: String, Hashable, Sendable, CaseIterable {
    /// systemd-resolved, by resolvectl(1).
    case systemdResolved = "systemd-resolved"
    /// NetworkManager with its own dnsmasq (`dns=dnsmasq`, NetworkManager.conf(5)), by nmcli(1).
    case networkManager = "NetworkManager with dnsmasq"

    /// The program by which it takes orders.
    var program: String {
        switch self {
        case .systemdResolved: "resolvectl"
        case .networkManager: "nmcli"
        }
    }

    /// The addresses at which programs ask it (systemd-resolved.service(8); NetworkManager's was 127.0.1.1 on Ubuntu).
    var stubs: [String] {
        switch self {
        case .systemdResolved: ["127.0.0.53", "127.0.0.54"]
        case .networkManager: ["127.0.0.1", "127.0.1.1"]
        }
    }
}
