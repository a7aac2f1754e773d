#if os(Linux)
    import FoundationEssentials
    import Glibc
    import KubernetesViaKubectl
    import NIOCore
    import NIOPosix
    import NamespacedCommand
    import Names
    import PluginConsole
    import PluginGateway
    import PluginSession
    import Session
    import UnixSignals

    /// One `exec`, from the namespace that is made first to the gateway that is taken away last.
    struct ExecSession: Sendable {
        private let cluster: Cluster
        private let report: SessionReport
        private let rules: [EgressRule]
        private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        private let session: GatewaySession
        private let folder: RuntimeFolder

        init(
            cluster: Cluster, gateway: GatewayRequest, report: SessionReport, folder: RuntimeFolder, holder: Holder
        ) {
            self.cluster = cluster
            self.report = report
            self.folder = folder
            self.rules = gateway.allowed.compactMap { EgressRule($0) }
            self.session = GatewaySession(
                cluster: cluster, request: gateway, report: report, holder: holder, loop: self.group.next())
        }

        /// Runs the command.
        ///
        /// - Returns: Its exit code.
        /// - Throws: ``PluginFailure`` when it could not be started.
        func run(_ command: [String]) async throws -> Int32 {
            let signals = CommandSignals()
            let watch = Task { await signals.run() }
            defer { watch.cancel() }
            // First of all: where it is forbidden, nothing in the cluster has to be made and taken away again.
            let namespace: CommandNamespace
            do throws(NamespaceFailure) {
                namespace = try await CommandNamespace.open(command: command)
            } catch {
                throw PluginFailure(error)
            }
            let record = UpRecord(
                holder: self.session.holder, pin: self.cluster.pin, pid: ProcessInfo.processInfo.processIdentifier,
                startedAt: Date.now.timeIntervalSince1970)
            try self.folder.write(record)
            let running = Task { try await self.run(in: namespace, signals) }
            await signals.onInterruption { running.cancel() }
            let result = await running.result
            await namespace.close()
            await self.session.finish()
            self.folder.remove(record.session)
            try? await self.group.shutdownGracefully()
            return try result.get()
        }

        private func run(in namespace: CommandNamespace, _ signals: CommandSignals) async throws -> Int32 {
            let events = Task { for await event in self.session.events { self.tell(event) } }
            defer { events.cancel() }
            let names = try await self.session.start()
            let machine = ResolverConfiguration(
                text: (try? String(contentsOfFile: "/etc/resolv.conf", encoding: .utf8)) ?? "")
            let cluster = NamespaceNetwork.Cluster(
                zone: try DNSName(names.zone), search: names.search, minimumDots: names.minimumDots, rules: self.rules)
            let network = try await NamespaceNetwork.serve(
                namespace.listeners, of: cluster, machine: machine, dialer: self.session.link, names: self.session.link
            ) { [report = self.report] in report.event("refused", "tunnel-dns: \($0)") }
            let watch = HostPortWatch(of: namespace)
            let ports = Task { await watch.run() }
            defer { ports.cancel() }
            try Task.checkCancellation()
            do throws(NamespaceFailure) {
                _ = try await namespace.start(resolver: NamespaceNetwork.resolver(of: cluster, machine: machine))
            } catch {
                throw PluginFailure(error)
            }
            await signals.forward(to: namespace)
            let code = await namespace.exitCode()
            await network.stop()
            return code
        }

        private func tell(_ event: GatewaySession.Event) {
            switch event {
            case .ended(let reason): self.report.event("gateway-ended", "the gateway has ended: \(reason)")
            case .lost(let reason): self.report.event("link-lost", "tunnel lost (\(reason)): reconnecting")
            case .back: self.report.event("link-back", "tunnel is back")
            }
        }
    }

    extension PluginFailure {
        /// The namespace's.
        init(_ failure: NamespaceFailure) {
            self.init(failure.reason, hint: failure.hint, exitCode: failure.exitCode)
        }
    }
#endif
