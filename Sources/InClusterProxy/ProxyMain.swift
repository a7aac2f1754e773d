import FoundationEssentials
import Kubernetes
import Logging
import NIOCore
import NIOPosix
import Session
import Tunnel
import UnixSignals

/// The one program of the proxy image.
@main
struct ProxyMain {
    static func main() async {
        FileLimit.raise()
        let environment = ProcessInfo.processInfo.environment
        do {
            if let text = environment[ControllerConfiguration.variable] {
                try await Self.runController(text, environment)
            } else if let text = environment[GatewayConfiguration.variable] {
                try await Self.runGateway(text, environment)
            } else {
                try await Self.runProxy(environment)
            }
        } catch {
            Self.fail("\(error)")
        }
    }

    private static func runProxy(_ environment: [String: String]) async throws {
        guard let configuration = environment[ProxyConfiguration.variable].flatMap(ProxyConfiguration.init(json:)),
            TunnelPublicKey(hex: configuration.publicKey) != nil, let holder = Holder(configuration.holder)
        else {
            Self.fail("this program is started by kubectl tunnel, with its configuration in the environment")
        }
        let logger = Self.logger("proxy", environment)
        // One thread: everything of a tunnel is on one event loop, and the container has little CPU.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let identity = PodIdentity(software: ProxyConfiguration.softwareVersion)
        let ports = configuration.listeners.map { listener in
            ProxyPort(
                listenPort: listener.listenPort, route: listener.route(of: configuration.service),
                originHost: configuration.originHost, originPort: listener.servicePort)
        }
        let pod = PodEnd(
            identity: identity, sessions: configuration.podSessions([configuration.maker(holder)]), ports: ports,
            tunnelPort: configuration.tunnelPort, group: group,
            logger: logger)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        try await pod.start()
        let transport = InClusterTransport(environment: environment, group: group)
        let counting = transport.map(CountingTransport.init)
        let role = ProxyRole(
            configuration: configuration, holder: holder, pod: pod, publicKey: identity.publicKey.hex,
            client: counting.map(KubernetesClient.init(transport:)), logger: logger)
        let metrics = await Self.metrics(port: configuration.metricsPort, group, logger) {
            await role.metrics(counting)?.text ?? ""
        }
        await role.run(signals: signals.map { _ in })
        await metrics?.shutdown()
        await pod.shutdown()
        await transport?.shutdown()
    }

    private static func runGateway(_ text: String, _ environment: [String: String]) async throws {
        guard let configuration = GatewayConfiguration(json: text),
            let key = TunnelPublicKey(hex: configuration.publicKey), let holder = Holder(configuration.holder)
        else {
            Self.fail("this program is started by kubectl tunnel-dns, with its configuration in the environment")
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let transport = InClusterTransport(environment: environment, group: group)
        let role = try await GatewayRole(
            configuration: configuration, holder: holder, key: key, environment: environment,
            client: transport.map(KubernetesClient.init(transport:)), loop: group.next(),
            logger: Self.logger("gateway", environment))
        try await role.run(signals: signals.map { _ in })
        await transport?.shutdown()
    }

    private static func runController(_ text: String, _ environment: [String: String]) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        guard let configuration = ControllerConfiguration(json: text),
            let transport = InClusterTransport(environment: environment, group: group)
        else {
            Self.fail("this program is started by kubectl tunnel install --controller, in a pod with an account")
        }
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let logger = Self.logger("controller", environment)
        let counting = CountingTransport(transport)
        let role = ControllerRole(
            configuration: configuration, client: KubernetesClient(transport: counting), logger: logger)
        let metrics = await Self.metrics(port: PortPlan.usualMetricsPort, group, logger) {
            await role.metrics(counting).text
        }
        await role.run(signals: signals.map { _ in })
        await metrics?.shutdown()
        await transport.shutdown()
    }

    /// What cannot be told must not keep a pod from its work.
    private static func metrics(
        port: Int, _ group: any EventLoopGroup, _ logger: Logger, _ text: @escaping @Sendable () async -> String
    ) async -> MetricsServer? {
        do {
            return try await MetricsServer.start(port: port, group: group, text: text)
        } catch {
            logger.warning("no metrics", metadata: ["error": "\(error)"])
            return nil
        }
    }

    private static func logger(_ label: String, _ environment: [String: String]) -> Logger {
        var logger = Logger(label: label) { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = environment["LOG_LEVEL"].flatMap(Logger.Level.init(rawValue:)) ?? .notice
        return logger
    }

    private static func fail(_ text: String) -> Never {
        let line = Array("error: \(text)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
        exit(1)
    }
}
