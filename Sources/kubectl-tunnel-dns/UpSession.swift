import FoundationEssentials
import Kubernetes
import NIOCore
import NIOPosix
import Names
import PluginConsole
import PluginGateway
import PluginSession
import Session
import Synchronization
import UnixSignals

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#endif

/// One `up`, from the record that it leaves first to the last thing that it deletes.
actor UpSession {
    /// What ends it.
    private enum End: Sendable {
        case asked(String)
        case failed(any Error)
    }

    private let cluster: Cluster
    private let report: SessionReport
    private let folder: RuntimeFolder
    private let way: UpWay
    private let rules: [EgressRule]
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let session: GatewaySession
    private let (ends, endSource) = AsyncStream.makeStream(of: End.self)
    private var record: UpRecord
    #if os(Linux)
        private var resolver: ResolverMode?
    #endif

    init(
        cluster: Cluster, gateway: GatewayRequest, report: SessionReport, folder: RuntimeFolder, holder: Holder,
        way: UpWay
    ) {
        self.cluster = cluster
        self.report = report
        self.folder = folder
        self.way = way
        self.rules = gateway.allowed.compactMap { EgressRule($0) }
        self.session = GatewaySession(
            cluster: cluster, request: gateway, report: report, holder: holder, loop: self.group.next())
        self.record = UpRecord(
            holder: holder, pin: cluster.pin, pid: ProcessInfo.processInfo.processIdentifier,
            startedAt: Date.now.timeIntervalSince1970)
    }

    /// Runs until it is asked to end, or has to.
    ///
    /// - Throws: The reason, when the end was not asked for.
    func run(isDetached: Bool) async throws {
        if isDetached { Detachment.begin() }
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        let source = self.endSource
        let watch = Task { for await _ in signals { source.yield(.asked("interrupted")) } }
        // First of all: any later run that finds the record can clean up, whatever happens from here on.
        try self.folder.write(self.record)
        let control = try await ControlSocket.serve(
            path: self.folder.socket(of: self.record.session), group: self.group
        ) { command in
            switch command {
            case .status: return await self.statusText
            case .down:
                source.yield(.asked("down"))
                return "{}"
            }
        }
        let setUp = Task {
            do {
                try await self.setUp()
                if isDetached { Detachment.isUp(log: self.folder.log(of: self.record.session)) }
            } catch {
                source.yield(.failed(error))
            }
        }
        let events = Task { for await event in self.session.events { self.take(event) } }
        var end = End.asked("interrupted")
        for await first in self.ends {
            end = first
            break
        }
        setUp.cancel()
        _ = await setUp.value
        #if os(Linux)
            await self.resolver?.stop()
        #endif
        let isGone = await self.session.finish()
        for task in [watch, events] { task.cancel() }
        try? await control.close()
        // What the cluster may still have is found by the record.
        if isGone { self.folder.remove(self.record.session) }
        try? await self.group.shutdownGracefully()
        switch end {
        case .asked(let why):
            guard isGone else {
                throw PluginFailure(
                    "\(why): the gateway may be left in \(self.record.place)",
                    hint: "when the API server answers again, `kubectl tunnel-dns down` deletes it")
            }
            self.report.event("ended", "\(why): the gateway is gone")
        case .failed(let error): throw error
        }
    }

    private func setUp() async throws {
        // Before anything is made: the port may be taken.
        if case .proxy = self.way { try await self.startProxy() }
        let names = try await self.session.start()
        self.record.names = names
        if self.record.proxyPort == nil, try await !self.usesResolver(names) { try await self.startProxy() }
        try self.folder.write(self.record)
        await self.announce(names)
    }

    private func startProxy() async throws {
        let port = self.way.proxyPort
        do {
            let proxy = try await LocalProxy.start(link: self.session.link, port: port)
            self.record.mode = .proxy
            self.record.proxyPort = proxy.localAddress?.port
        } catch let error as IOError {
            let isTaken = error.errnoCode == EADDRINUSE
            throw PluginFailure(
                isTaken
                    ? "port \(port) of 127.0.0.1 is taken"
                    : "cannot listen on 127.0.0.1:\(port): \(String(cString: strerror(error.errnoCode)))",
                hint: "give another one with --proxy-port, or none for a free one")
        }
    }

    /// Sets resolver mode up, where that is the mode.
    ///
    /// - Returns: Whether it is in use.
    private func usesResolver(_ names: ClusterNames) async throws -> Bool {
        guard case .resolver(let known, let proxyPort) = self.way else { return false }
        #if os(Linux)
            let (report, source) = (self.report, self.endSource)
            do {
                self.resolver = try await report.step("\(known.rawValue) set up") {
                    try await ResolverMode.start(
                        by: known, names: names, cluster: self.session.link, rules: self.rules,
                        apiServer: self.record.server.flatMap(ShellVariables.host)
                    ) {
                        report.event("note", $0)
                    } failed: {
                        source.yield(.failed(PluginFailure($0)))
                    }
                }
                self.record.mode = .resolver
                return true
            } catch let error as PluginFailure {
                guard proxyPort != nil else { throw error }
                report.event("note", "note: \(error.summary); a proxy it is")
            }
        #endif
        return false
    }

    private func announceResolver(_ names: ClusterNames, example: String) {
        self.report.event(
            "ready",
            """
            names of the cluster resolve and connect for every program of this machine:
              SERVICE in namespace \(self.record.namespace), SERVICE.NAMESPACE, and everything in \(names.zone)
            test it:    curl http://\(example)/
            """,
            [
                "mode": "resolver", "zone": .string(names.zone),
                "search": .array(names.search.map(JSONValue.string)), "namespace": .string(self.record.namespace),
                "session": .string(self.record.session),
            ])
    }

    private func announce(_ names: ClusterNames) async {
        let namespace = self.record.namespace
        // One of the first will do: there may be thousands.
        let services = (try? await self.cluster.client.list(.services, in: namespace, limit: 20))?.items ?? []
        let answering = await self.answeringServices()
        let example = services.first { service in
            answering?.contains(service.metadata.name) != false && (service.spec.ports ?? []).contains { $0.port == 80 }
        }?.metadata.name
        let name = example.map { "\($0).\(namespace)" } ?? "SERVICE.\(namespace)"
        guard let port = self.record.proxyPort else { return self.announceResolver(names, example: name) }
        self.report.event(
            "ready",
            """
            names of the cluster resolve and connect through 127.0.0.1:\(port) (SOCKS5 and HTTP):
              SERVICE in namespace \(namespace), SERVICE.NAMESPACE, and everything in \(names.zone)
            test it:    curl -x socks5h://127.0.0.1:\(port) http://\(name)/
            use it:     eval "$(kubectl tunnel-dns env)"
            """,
            [
                "mode": "proxy", "proxyPort": .integer(Int64(port)), "zone": .string(names.zone),
                "search": .array(names.search.map(JSONValue.string)), "namespace": .string(namespace),
                "session": .string(self.record.session),
            ])
    }

    /// The names of Services with an endpoint that is ready; `nil` when this user may not see endpoints.
    private func answeringServices() async -> Set<String>? {
        let (client, namespace) = (self.cluster.client, self.record.namespace)
        guard let version = try? await client.version(),
            let slices = try? await client.list(.endpointSlices(on: version), in: namespace, limit: 100)
        else { return nil }
        let answering = slices.items.filter { ($0.endpoints ?? []).contains(where: \.isReady) }
        return Set(answering.compactMap { $0.metadata.labels?["kubernetes.io/service-name"] })
    }

    private func take(_ event: GatewaySession.Event) {
        switch event {
        case .ended(let reason): self.endSource.yield(.failed(PluginFailure("the gateway has ended: \(reason)")))
        case .lost(let reason): self.report.event("link-lost", "tunnel lost (\(reason)): reconnecting")
        case .back: self.report.event("link-back", "tunnel is back")
        }
    }

    private var statusText: String {
        get async {
            var figures: ResolverFigures?
            #if os(Linux)
                figures = await self.resolver?.figures()
            #endif
            return self.text(figures)
        }
    }

    private func text(_ figures: ResolverFigures?) -> String {
        let link = self.session.link
        let seconds = Int(Date.now.timeIntervalSince1970 - self.record.startedAt)
        let status = UpStatus(
            record: self.record, isUp: link.isUp, openConnections: link.openConnections, statistics: link.statistics,
            resolver: figures, seconds: seconds)
        guard let data = try? JSONEncoder().encode(status) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}
