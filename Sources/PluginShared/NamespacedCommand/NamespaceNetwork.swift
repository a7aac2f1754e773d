#if os(Linux)
    import NIOCore
    import NIOPosix
    public import Names
    import Synchronization
    import Tunnel

    /// What leaves a command's namespace: names, and connections to the cluster, this machine and everywhere else.
    public final class NamespaceNetwork: Sendable {
        /// What the cluster is, for a command.
        public struct Cluster: Sendable {
            /// Its zone.
            public let zone: DNSName
            /// The search list of its pods, which the command gets, too.
            public let search: [String]
            /// How many dots a name needs to be tried as it is first.
            public let minimumDots: Int
            /// What is reached through it besides its own.
            public let rules: [EgressRule]

            /// The cluster's names, and what is reached through it besides.
            public init(zone: DNSName, search: [String], minimumDots: Int, rules: [EgressRule]) {
                self.zone = zone
                self.search = search
                self.minimumDots = minimumDots
                self.rules = rules
            }
        }

        private let calls: RedirectedConnections
        private let policy: Mutex<EgressPolicy>
        private let channels = Mutex<[any Channel]>([])
        private let server = Mutex<NameServer?>(nil)
        private let router = Mutex<NameRouter?>(nil)

        /// Serves a namespace's listeners until ``stop()``.
        ///
        /// - Parameters:
        ///   - listeners: The namespace's.
        ///   - machine: What this machine's resolv.conf says.
        ///   - dialer: Connects to the cluster.
        ///   - names: Answers the cluster's names.
        ///   - notice: Hears why a connection to the cluster did not come about, once a reason.
        /// - Throws: Whatever makes a listener unusable.
        public static func serve(
            _ listeners: CommandNamespace.Listeners, of cluster: Cluster, machine: ResolverConfiguration,
            dialer: any ClusterDialer, names: any NameUpstream, notice: @escaping @Sendable (String) -> Void
        ) async throws -> NamespaceNetwork {
            let network = NamespaceNetwork(cluster: cluster, dialer: dialer, notice: notice)
            let loop = dialer.eventLoop
            for descriptor in [listeners.connections, listeners.connections6] {
                let channel = try await GatewayConnection.listener(on: loop) { channel in
                    network.accepted(channel)
                    return channel.eventLoop.makeSucceededVoidFuture()
                }.withBoundSocket(descriptor).get()
                network.channels.withLock { $0.append(channel) }
            }
            let servers = machine.servers.compactMap { try? SocketAddress(ipAddress: $0.description, port: 53) }
            let router = NameRouter(
                domains: [cluster.zone] + cluster.search.compactMap { try? DNSName($0) }, rules: cluster.rules,
                cluster: names, previous: servers.isEmpty ? nil : ForwardingUpstream(servers: servers, group: loop)
            ) { [weak network] response in
                network?.policy.withLock { $0.learn(response, now: Self.now()) }
            }
            let server = try await NameServer.start(
                on: [.sockets(datagram: listeners.datagrams, stream: listeners.streams)], upstream: router, group: loop)
            network.server.withLock { $0 = server }
            network.router.withLock { $0 = router }
            return network
        }

        private init(cluster: Cluster, dialer: any ClusterDialer, notice: @escaping @Sendable (String) -> Void) {
            self.calls = RedirectedConnections(dialer: dialer, notice: notice)
            self.policy = Mutex(EgressPolicy(zone: cluster.zone, forbidden: .init(), rules: cluster.rules))
        }

        /// Looks up the Services whose addresses an environment carries, so that those lead to the cluster, too. What does not
        /// answer in time is left out.
        public func learnServices(in environment: [String: String], search: [String]) async {
            guard let router = self.router.withLock({ $0 }) else { return }
            await withTaskGroup(of: Void.self) { group in
                for name in ServiceVariables.names(in: environment, search: search) {
                    let query = DNSMessage(id: 0, questions: [DNSQuestion(name: name, type: .a)])
                    group.addTask { _ = try? await router.answer(to: query.encode()) }
                }
            }
        }

        /// What the name server has done.
        public func counts() async -> NameServerCounts {
            await self.server.withLock { $0 }?.counts() ?? NameServerCounts()
        }

        /// Accepts no more.
        public func stop() async {
            let channels = self.channels.withLock { $0 }
            for channel in channels { try? await channel.close() }
            await self.server.withLock { $0 }?.stop()
        }

        /// The resolv.conf of the namespace.
        public static func resolver(of cluster: Cluster, machine: ResolverConfiguration) -> String {
            NamespaceResolver.text(search: cluster.search, minimumDots: cluster.minimumDots, machine: machine)
        }

        private func accepted(_ channel: any Channel) {
            // Nothing was translated: the socket's own address is where the command wanted to go.
            guard let wanted = channel.localAddress, let text = wanted.ipAddress, let port = wanted.port,
                let address = IPAddress(text)
            else { return channel.reset() }
            let destination = self.policy.withLock {
                NamespaceDestination(address, port: port, policy: $0, now: Self.now())
            }
            switch destination {
            case .loopback: self.dial(Self.loopback(wanted, port: port), for: channel)
            case .machine: self.dial([wanted], for: channel, stranger: EgressRoute(host: text, port: port))
            case .cluster: self.calls.carry(channel, to: address, port: port)
            }
        }

        /// The address that was asked for, and the other family's: a server on `localhost` may be on either.
        private static func loopback(_ wanted: SocketAddress, port: Int) -> [SocketAddress] {
            [wanted]
                + ["127.0.0.1", "::1"].compactMap { try? SocketAddress(ipAddress: $0, port: port) }
                .filter { $0 != wanted }
        }

        /// - Parameter stranger: The address, where a failure may be because no name has stood for it.
        private func dial(
            _ addresses: [SocketAddress], for channel: any Channel, stranger: EgressRoute? = nil
        ) {
            let held = HeldInput()
            do {
                try channel.pipeline.syncOperations.addHandler(held)
            } catch {
                return channel.reset()
            }
            GatewayConnection.direct(to: addresses, on: channel.eventLoop) { result in
                switch result {
                case .failure(let error):
                    if let stranger { self.calls.tell(stranger, of: error) }
                    channel.reset()
                case .success(let connection):
                    do { try connection.join(channel, held: held) } catch { connection.abandon() }
                }
            }
        }

        /// Monotonic time since an arbitrary moment.
        private static func now() -> Duration {
            .nanoseconds(Int64(clamping: NIODeadline.now().uptimeNanoseconds))
        }
    }
#endif
