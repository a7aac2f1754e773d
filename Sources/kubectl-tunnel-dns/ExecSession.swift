#if os(Linux)
    import FoundationEssentials
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

    /// One `exec`, from the namespace that is made first to the gateway that is deleted last.
    struct ExecSession: Sendable {
        private let cluster: Cluster
        private let report: SessionReport
        private let rules: [EgressRule]
        private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        private let gateway: GatewaySession
        private let folder: RuntimeFolder

        init(
            cluster: Cluster, gateway: GatewayRequest, report: SessionReport, folder: RuntimeFolder, holder: Holder
        ) {
            self.cluster = cluster
            self.report = report
            self.folder = folder
            self.rules = gateway.allowed.compactMap { EgressRule($0) }
            self.gateway = GatewaySession(
                cluster: cluster, request: gateway, report: report, holder: holder, loop: self.group.next())
        }

        /// Runs the command.
        ///
        /// - Returns: Its exit code.
        /// - Throws: ``PluginFailure`` when it could not be started.
        func run(_ words: [String]) async throws -> Int32 {
            let signals = CommandSignals()
            let watch = Task { await signals.run() }
            defer { watch.cancel() }
            // First of all: where it is forbidden, nothing in the cluster has to be created and deleted again.
            let namespace: CommandNamespace
            do throws(NamespaceFailure) {
                namespace = try await CommandNamespace.open(command: words)
            } catch {
                throw PluginFailure(error)
            }
            let record = UpRecord(
                holder: self.gateway.holder, pin: self.cluster.pin, pid: ProcessInfo.processInfo.processIdentifier,
                startedAt: Date.now.timeIntervalSince1970)
            try self.folder.write(record)
            let command = CommandInCluster(
                in: namespace, gateway: self.gateway, rules: self.rules, report: self.report)
            let running = Task {
                try await command.start()
                await signals.forward(to: namespace)
                return await namespace.exitCode()
            }
            await signals.onInterruption { running.cancel() }
            let result = await running.result
            await command.finish()
            self.folder.remove(record.session)
            try? await self.group.shutdownGracefully()
            return try result.get()
        }
    }
#endif
