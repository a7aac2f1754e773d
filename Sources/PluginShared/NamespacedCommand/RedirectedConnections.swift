#if os(Linux)
    import CNamespace
    import Glibc
    public import NIOCore
    public import Names
    import Synchronization
    import Tunnel

    /// Takes connections to the cluster that were redirected here; says why one does not get there, once a reason.
    public final class RedirectedConnections: Sendable {
        /// The most reasons that are told; then the programs' own messages have to do.
        private static let maximumNotices = 20

        private let dialer: any ClusterDialer
        private let notice: @Sendable (String) -> Void
        private let told = Mutex<Set<String>>([])

        /// - Parameters:
        ///   - dialer: Connects to the cluster.
        ///   - notice: Hears why a connection to the cluster did not come about, once a reason.
        public init(dialer: any ClusterDialer, notice: @escaping @Sendable (String) -> Void) {
            self.dialer = dialer
            self.notice = notice
        }

        /// Connects an accepted socket with an address seen from the cluster, or resets it.
        public func carry(_ channel: any Channel, to address: IPAddress, port: Int) {
            let host = address.description
            Task {
                do throws(ClusterDialError) {
                    try await self.dialer.connect(channel, to: host, port: port)
                } catch {
                    self.tell(EgressRoute(host: host, port: port), error)
                    channel.eventLoop.execute { channel.reset() }
                }
            }
        }

        /// Says of an address for which no name of the cluster has stood that this machine does not get there.
        func tell(_ route: EgressRoute, of failure: StreamRefusal) {
            self.tell(
                "\(route): \(failure.reason); no name has stood for it, or it would be sought in the cluster: use a Service's name"
            )
        }

        private func tell(_ route: EgressRoute, _ error: ClusterDialError) { self.tell("\(route): \(error.reason)") }

        private func tell(_ line: String) {
            let isNew = self.told.withLock { $0.count < Self.maximumNotices && $0.insert(line).inserted }
            if isNew { self.notice(line) }
        }
    }
#endif
