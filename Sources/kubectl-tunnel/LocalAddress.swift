import NIOCore
import PluginConsole

/// Where the local process listens, as the user says it: an address, a name, or `localhost` for both loopback addresses.
struct LocalAddress: Sendable, Equatable, CustomStringConvertible {
    /// As it was typed, without brackets.
    let host: String

    /// Both loopback addresses, in the order in which they are tried.
    private static let loopback = ["127.0.0.1", "::1"]

    /// - Throws: ``PluginFailure`` for a name that stands for no address.
    init(_ text: String) throws {
        self.host = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        if self.host == "localhost" { return }
        guard (try? SocketAddress.makeAddressResolvingHost(self.host, port: 1)) != nil else {
            throw PluginFailure(
                "--address \(text) is no address of this machine, and no name of one",
                hint: "use 127.0.0.1, ::1, or localhost for both")
        }
    }

    /// What is tried, in this order.
    var candidates: [String] { self.host == "localhost" ? Self.loopback : [self.host] }

    /// Whether it is one of this machine's loopback addresses.
    var isLoopback: Bool { self.host == "localhost" || Self.loopback.contains(self.host) }

    /// The other loopback address; `nil` where both are tried, or neither.
    var otherLoopback: LocalAddress? {
        guard Self.loopback.contains(self.host) else { return nil }
        return Self.loopback.first { $0 != self.host }.flatMap { try? LocalAddress($0) }
    }

    /// The address with a port, as people write it: `[::1]:8080`.
    func with(port: Int) -> String { self.host.contains(":") ? "[\(self.host)]:\(port)" : "\(self.host):\(port)" }

    var description: String { self.host }
}
