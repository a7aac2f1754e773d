#if os(Linux)
    import CNamespace
    import Glibc
    import NIOCore
    import NIOPosix
    import NamespacedCommand
    import Names
    import Synchronization
    import Tunnel

    /// Where redirected connections arrive.
    final class RedirectListener: Sendable {
        /// `SO_ORIGINAL_DST` of linux/netfilter_ipv4.h: where the program wanted to go.
        private static let originalDestination = NIOBSDSocket.Option(rawValue: 80)

        /// The kernel's `sockaddr_in`, its numbers in network order. Which module has the C type depends on whether the
        /// standard library is linked statically.
        private struct RawAddress {
            var family: UInt16 = 0
            var port: UInt16 = 0
            var address: UInt32 = 0
            var rest: UInt64 = 0
        }

        private let calls: RedirectedConnections
        private let probe: ResolverProbe
        private let accepted = Mutex(0)
        private let channel = Mutex<(any Channel)?>(nil)

        /// A listener that does not listen yet.
        init(calls: RedirectedConnections, probe: ResolverProbe) {
            self.calls = calls
            self.probe = probe
        }

        /// Connections that came, the probe's left out.
        var connections: Int { self.accepted.withLock { $0 } }

        /// Listens on a free port of loopback.
        ///
        /// - Returns: The port.
        func start(on loop: any EventLoop) async throws -> Int {
            let channel = try await GatewayConnection.listener(on: loop) { channel in
                self.take(channel)
                return channel.eventLoop.makeSucceededVoidFuture()
            }.bind(host: "127.0.0.1", port: 0).get()
            self.channel.withLock { $0 = channel }
            return channel.localAddress?.port ?? 0
        }

        /// Listens no more.
        func stop() async {
            try? await self.channel.withLock { $0 }?.close()
        }

        private func take(_ channel: any Channel) {
            guard let options = channel as? any SocketOptionProvider else {
                return channel.reset()
            }
            let wanted: EventLoopFuture<RawAddress> = options.unsafeGetSocketOption(
                level: .ip, name: Self.originalDestination)
            wanted.whenComplete { result in
                // A client that connects to the listener itself was not redirected, and wants nothing of the cluster.
                guard case .success(let wanted) = result,
                    case .v4(let address) = IPAddress(IPv4Address(rawValue: UInt32(bigEndian: wanted.address))),
                    IPAddress.v4(address).reserved == nil
                else { return channel.reset() }
                if self.probe.arrived(at: address) { return channel.close(promise: nil) }
                self.accepted.withLock { $0 += 1 }
                self.calls.carry(channel, to: .v4(address), port: Int(UInt16(bigEndian: wanted.port)))
            }
        }
    }
#endif
