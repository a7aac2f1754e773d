#if os(Linux)
    import NIOCore
    import NamespacedCommand
    import Names
    import PluginConsole
    import PluginGateway
    import PluginSession
    import Session
    import Tunnel

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #endif

    /// The command of `--dns`: it serves the intercepted traffic in namespaces of its own, and reaches the cluster by its
    /// names.
    struct LocalCommand: Sendable {
        private let namespace: CommandNamespace
        private let inCluster: CommandInCluster
        private let report: SessionReport

        /// Makes the namespaces; nothing in the cluster is touched yet, in case they are forbidden.
        ///
        /// - Throws: ``PluginFailure``.
        static func open(
            _ request: InterceptRequest, cluster: Cluster, me: Holder, report: SessionReport, loop: any EventLoop
        ) async throws -> LocalCommand {
            let namespace: CommandNamespace
            do throws(NamespaceFailure) {
                namespace = try await CommandNamespace.open(command: request.command)
            } catch {
                throw PluginFailure(error)
            }
            let gateway = GatewaySession(
                cluster: cluster,
                request: GatewayRequest(
                    image: request.image, imagePullSecret: request.imagePullSecret,
                    leaseDurationSeconds: request.leaseDurationSeconds, timeout: request.timeout,
                    allowed: request.allowed),
                report: report, holder: Holder(user: me.user, host: me.host, session: .random()), loop: loop)
            let inCluster = CommandInCluster(
                in: namespace, gateway: gateway, rules: request.allowed.compactMap { EgressRule($0) }, report: report)
            return LocalCommand(namespace: namespace, inCluster: inCluster, report: report)
        }

        /// Makes the gateway, and starts the command.
        ///
        /// - Throws: ``PluginFailure``.
        func start() async throws { try await self.inCluster.start() }

        /// A socket that is connected to a server of the command's.
        ///
        /// - Throws: Why there is none.
        func socket(to target: LocalTarget) async throws -> CInt {
            guard let port = UInt16(exactly: target.port) else { throw PluginFailure("\(target.port) is no port") }
            return try await self.namespace.connect(port: port)
        }

        /// Whether the command listens on a port.
        func answers(port: Int) async -> Bool {
            guard let socket = try? await self.socket(to: LocalTarget(host: "127.0.0.1", port: port)) else {
                return false
            }
            close(socket)
            return true
        }

        /// The command's exit code, once it has ended.
        func exitCode() async -> Int32 { await self.namespace.exitCode() }

        /// Asks the command to end, which may take it 5 s, as long as people wait without wondering; takes the gateway
        /// and the namespaces away.
        func finish() async {
            if self.namespace.isRunning {
                self.report.event("command-ending", "the command is told to end, and has 5 s for it")
                self.namespace.send(signal: SIGTERM)
                let limit = Task {
                    try await Task.sleep(for: .seconds(5))
                    self.namespace.send(signal: SIGKILL)
                }
                _ = await self.namespace.exitCode()
                limit.cancel()
            }
            await self.inCluster.finish()
        }
    }
#endif
