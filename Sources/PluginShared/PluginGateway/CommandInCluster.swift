#if os(Linux)
    import FoundationEssentials
    public import NamespacedCommand
    public import Names
    public import PluginConsole
    public import PluginSession

    /// A command in namespaces of its own, that has the cluster's names and addresses through a gateway.
    public actor CommandInCluster {
        private let namespace: CommandNamespace
        private let gateway: GatewaySession
        private let rules: [EgressRule]
        private let report: SessionReport
        private var network: NamespaceNetwork?
        private var background: [Task<Void, Never>] = []

        /// A command that is not started yet.
        ///
        /// - Parameter rules: What is reached through the gateway besides the cluster's own.
        public init(
            in namespace: CommandNamespace, gateway: GatewaySession, rules: [EgressRule], report: SessionReport
        ) {
            self.namespace = namespace
            self.gateway = gateway
            self.rules = rules
            self.report = report
        }

        /// Makes the gateway, and starts the command.
        ///
        /// - Throws: ``PluginFailure``; ``finish()`` is to be called then, too.
        public func start() async throws {
            let (events, report) = (self.gateway.events, self.report)
            self.background.append(Task { for await event in events { Self.tell(event, report) } })
            let names = try await self.gateway.start()
            let machine = ResolverConfiguration(
                text: (try? String(contentsOfFile: "/etc/resolv.conf", encoding: .utf8)) ?? "")
            let cluster = NamespaceNetwork.Cluster(
                zone: try DNSName(names.zone), search: names.search, minimumDots: names.minimumDots, rules: self.rules)
            self.network = try await NamespaceNetwork.serve(
                self.namespace.listeners, of: cluster, machine: machine, dialer: self.gateway.link,
                names: self.gateway.link
            ) { report.event("refused", "tunnel-dns: \($0)") }
            await self.network?.learnServices(in: ProcessInfo.processInfo.environment, search: names.search)
            let watch = HostPortWatch(of: self.namespace)
            self.background.append(Task { await watch.run() })
            try Task.checkCancellation()
            do throws(NamespaceFailure) {
                _ = try await self.namespace.start(resolver: NamespaceNetwork.resolver(of: cluster, machine: machine))
            } catch {
                throw PluginFailure(error)
            }
        }

        /// Ends the command's connections, and the command with its namespaces; then the gateway is deleted.
        public func finish() async {
            for task in self.background { task.cancel() }
            await self.network?.stop()
            await self.namespace.close()
            await self.gateway.finish()
        }

        private static func tell(_ event: GatewaySession.Event, _ report: SessionReport) {
            switch event {
            case .ended(let reason): report.event("gateway-ended", "the gateway has ended: \(reason)")
            case .lost(let reason): report.event("link-lost", "the gateway's tunnel is lost (\(reason)): reconnecting")
            case .back: report.event("link-back", "the gateway's tunnel is back")
            }
        }
    }

    extension PluginFailure {
        /// A namespace's.
        public init(_ failure: NamespaceFailure) {
            self.init(failure.reason, hint: failure.hint, exitCode: failure.exitCode)
        }
    }
#endif
