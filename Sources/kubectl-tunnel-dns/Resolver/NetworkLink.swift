#if os(Linux)
    import CNamespace
    import Glibc
    import Names
    import PluginConsole
    import Synchronization

    /// A network link of our own, for the machine's resolver to ask names on: gone when this process is, however it ends.
    final class NetworkLink: Sendable {
        /// Its name. There is one on a machine, which also keeps two sessions apart.
        static let name = "kubectl-tunnel"
        /// Its address, and our name server's. 198.18.0.0/15 is nobody's (RFC 2544), and its end is in use by few.
        static let address = IPv4Address(rawValue: 0xC613_FF35)

        private let descriptor: Mutex<CInt?>
        /// Ranges to which the machine has no route of its own.
        private let routes = Mutex<[IPv4Address: Int]>([:])

        /// Makes the link.
        ///
        /// - Throws: ``PluginFailure``.
        init() throws {
            let opened = cnamespace_open_link(Self.name)
            let code = errno
            guard opened >= 0 else {
                if code == EBUSY {
                    throw PluginFailure(
                        "tunnel-dns is up in resolver mode on this machine already",
                        hint: "end it with `kubectl tunnel-dns down`; or use --mode proxy")
                }
                throw PluginFailure("cannot make a network link: \(Self.text(code))", hint: "use --mode proxy")
            }
            guard cnamespace_start_link(Self.name, Self.address.rawValue) == 0 else {
                let code = errno
                Glibc.close(opened)
                throw PluginFailure("cannot bring a network link up: \(Self.text(code))", hint: "use --mode proxy")
            }
            self.descriptor = Mutex(opened)
        }

        /// Sees to it that the kernel finds a route to a range of addresses, or it would refuse connections before they can be
        /// redirected.
        ///
        /// - Parameter bits: How long the range's prefix is; a range without one route for all of it is known by its first.
        func makeReachable(_ address: IPv4Address, bits: Int = 32) {
            guard Self.add(address, bits) else { return }
            self.routes.withLock { $0[address] = bits }
        }

        /// Does so again where another client has taken a route away: NetworkManager does when it hears of the link.
        func keepReachable() {
            for (address, bits) in self.routes.withLock({ $0 }) { _ = Self.add(address, bits) }
        }

        private static func add(_ address: IPv4Address, _ bits: Int) -> Bool {
            cnamespace_has_route(address.rawValue) == 0
                && cnamespace_add_route(Self.name, address.rawValue, bits == 0 ? 0 : .max << UInt32(32 - bits)) == 0
        }

        /// Takes the link away, and with it what the resolver knows of it.
        func close() {
            self.descriptor.withLock { descriptor in
                if let open = descriptor { Glibc.close(open) }
                descriptor = nil
            }
        }

        private static func text(_ code: CInt) -> String { String(cString: strerror(code)) }
    }
#endif
