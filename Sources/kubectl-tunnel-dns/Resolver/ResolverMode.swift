#if os(Linux)
    import NIOCore
    import NIOPosix
    import NamespacedCommand
    import Names
    import PluginConsole
    import PluginGateway

    /// The cluster's names and addresses for every program of this machine.
    ///
    /// The machine's resolver asks for them on a link of ours; connections to what it was told are redirected to a listener
    /// of ours. Link and table are held by this process, and go with it however it ends.
    actor ResolverMode {
        /// How often the table is looked after.
        private static let period = Duration.seconds(2)

        private let link: NetworkLink
        private let table: RedirectTable
        private let listener: RedirectListener
        private let server: NameServer
        private let learner: RedirectLearner
        private let upkeep: Task<Void, Never>

        /// Sets everything up, and proves that it works; takes it away again when it does not.
        ///
        /// - Parameters:
        ///   - resolver: The machine's.
        ///   - cluster: The link to the cluster.
        ///   - rules: What is reached through it besides its own.
        ///   - apiServer: The host by which kubectl reaches the API server, whose connections are left alone.
        ///   - notice: Hears why a connection did not come about, and what else is worth a line.
        ///   - failed: Hears that it cannot go on, and why.
        /// - Throws: ``PluginFailure``.
        static func start(
            by resolver: KnownResolver, names: ClusterNames, cluster: ClusterLink, rules: [EgressRule],
            apiServer: String?,
            notice: @escaping @Sendable (String) -> Void, failed: @escaping @Sendable (String) -> Void
        ) async throws -> ResolverMode {
            guard let nft = ChildProcess.find("nft"), let program = ChildProcess.find(resolver.program) else {
                throw PluginFailure("nft or \(resolver.program) is missing", hint: "use --mode proxy")
            }
            let zone = try DNSName(names.zone)
            let previous = MachineInspection.servers(of: resolver)
            let orders = try LinkOrders(names: names, rules: rules, takesNamespace: !previous.isEmpty)
            let spared = await Self.spared(apiServer: apiServer, zone: zone, cluster: cluster)
            let loop = cluster.eventLoop
            let link = try NetworkLink()
            let table: RedirectTable
            do { table = try RedirectTable(nft: nft) } catch {
                link.close()
                throw PluginFailure("cannot start nft: \(error)", hint: "use --mode proxy")
            }
            let policy = EgressPolicy(
                zone: zone, forbidden: .init(apiServer: Set(spared.map { .v4($0) })), rules: rules)
            let learner = RedirectLearner(policy: policy, link: link, table: table, failed: failed)
            let router = NameRouter(
                domains: orders.clusterDomains, rules: rules, cluster: cluster,
                previous: ForwardingUpstream(
                    servers: previous.compactMap { try? SocketAddress(ipAddress: $0.description, port: 53) },
                    group: loop)
            ) { await learner.learn($0) }
            let namespace = names.search.first.flatMap { try? DNSName($0) }
            let short = namespace.flatMap { NamespaceNames(of: $0, upstream: router) }
            let probe = try ResolverProbe(zone: zone, upstream: short ?? router)
            let server: NameServer
            do { server = try await Self.serve(probe, on: loop) } catch {
                link.close()
                await table.close()
                throw PluginFailure("\(error)", hint: "use --mode proxy")
            }
            let listener = RedirectListener(calls: RedirectedConnections(dialer: cluster, notice: notice), probe: probe)
            let mode = ResolverMode(link: link, table: table, listener: listener, server: server, learner: learner)
            do {
                let port = try await listener.start(on: loop)
                let redirect = RedirectRules(port: port, link: NetworkLink.address, spared: spared, rules: rules)
                try await table.run(redirect.creation)
                link.makeReachable(ResolverProbe.address)
                for range in rules.compactMap(\.range) { link.makeReachable(range.address, bits: range.bits) }
                try await mode.tell(resolver, orders, by: program)
                try await ResolverProof(probe: probe, link: link, zone: names.zone, loop: loop).run(notice: notice)
                return mode
            } catch {
                await mode.stop()
                try Task.checkCancellation()
                let reason = "\(error)"
                throw PluginFailure(
                    "resolver mode does not work here, and was undone: \(reason)", hint: "use --mode proxy")
            }
        }

        private init(
            link: NetworkLink, table: RedirectTable, listener: RedirectListener, server: NameServer,
            learner: RedirectLearner
        ) {
            self.link = link
            self.table = table
            self.listener = listener
            self.server = server
            self.learner = learner
            self.upkeep = Task {
                while true {
                    do { try await Task.sleep(for: Self.period) } catch { return }
                    await learner.lookAfter()
                }
            }
        }

        /// What was done since the start.
        func figures() async -> ResolverFigures {
            let counts = await self.server.counts()
            return ResolverFigures(
                queries: counts.queries, fromCache: counts.fromCache, failures: counts.failures,
                addresses: await self.learner.count, connections: self.listener.connections)
        }

        /// Takes everything away; the machine is as before.
        func stop() async {
            self.upkeep.cancel()
            await self.learner.stop()
            // The resolver first: what nobody answers any more is not to be asked for.
            self.link.close()
            await self.server.stop()
            await self.table.close()
            await self.listener.stop()
        }

        /// Has the machine's resolver ask us on our link.
        private func tell(_ resolver: KnownResolver, _ orders: LinkOrders, by program: String) async throws {
            let port = await self.server.addresses().first?.port ?? 53
            let address = NetworkLink.address.description
            guard
                let commands = orders.commands(for: resolver, link: NetworkLink.name, address: address, port: port)
            else { throw PluginFailure("port 53 of \(address) is in use, and \(resolver.rawValue) knows no other") }
            for words in commands {
                var outcome = MachineCommand.Outcome(code: 1, output: "")
                // It hears of the link from the kernel, a moment after us.
                _ = try await Polling.until {
                    outcome = await MachineCommand.run([program] + words)
                    return outcome.code == 0
                }
                guard outcome.code == 0 else {
                    throw PluginFailure(
                        "\(resolver.rawValue) does not take `\(resolver.program) \(words.joined(separator: " "))`: "
                            + outcome.output.split(separator: "\n").joined(separator: " "))
                }
            }
        }

        /// The addresses that are left as they are: the API server's as kubectl sees it, and as the cluster does, to which
        /// the gateway does not connect.
        private static func spared(apiServer: String?, zone: DNSName, cluster: ClusterLink) async -> [IPv4Address] {
            var addresses: [IPv4Address] = []
            if let apiServer { addresses = await HostLookup.addresses(of: apiServer) }
            guard let name = try? DNSName("kubernetes.default.svc").appending(zone),
                let query = try? DNSMessage(id: 1, questions: [DNSQuestion(name: name, type: .a)]).encode(),
                let answer = try? await cluster.answer(to: query),
                let resolved = (try? DNSMessage(decoding: answer)).flatMap(ResolvedName.init)
            else { return addresses }
            for case .v4(let address) in resolved.addresses where !addresses.contains(address) {
                addresses.append(address)
            }
            return addresses
        }

        /// A name server on the link's address; on the usual port, when that is free.
        private static func serve(_ upstream: any NameUpstream, on loop: any EventLoop) async throws -> NameServer {
            let host = NetworkLink.address.description
            if let server = try? await NameServer.start(
                on: [.address(try SocketAddress(ipAddress: host, port: 53))], upstream: upstream, group: loop)
            {
                return server
            }
            return try await NameServer.start(
                on: [.address(try SocketAddress(ipAddress: host, port: 0))], upstream: upstream, group: loop)
        }
    }
#endif
