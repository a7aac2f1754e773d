import ArgumentParser
import Kubernetes
import NIOCore
import NIOPosix
import PluginConsole
import PluginSession
import Session
import SessionEffects
import Tunnel
import UnixSignals

/// A running intercept: does what ``LaptopSession`` orders, and tells it what came of it.
actor InterceptSession {
    let prepared: PreparedIntercept
    /// With the tunnel and the Lease's slot, once these are known.
    private(set) var objects: SessionObjects
    let cluster: Cluster
    let request: InterceptRequest
    let report: SessionReport
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private(set) var cleanup: SessionCleanup
    /// The client that does the session's writes.
    private(set) var writes: any SessionWriting
    /// What is run beside the intercept; `nil` for nothing.
    var command: LocalCommand?
    /// Shows and records requests; `nil` where nobody wants that.
    var log: RequestLog?
    var session: LaptopSession
    let events: AsyncStream<SessionEvent>
    private let eventSource: AsyncStream<SessionEvent>.Continuation
    private let start = ContinuousClock.now
    /// What runs beside, until it is done or the session is over; by number.
    private var background: [Int: Task<Void, Never>] = [:]
    private var lastBackground = 0
    /// What sets the session up or brings it back, one after the other.
    var attempt: Task<Void, Never>?
    /// The restore that is under way while the session continues.
    var meanwhile: Task<Void, Never>?
    /// See ``keepEndingPodsLater(than:)``.
    var keepingEndingPods: Task<Void, Never>?
    /// The proxy is asked to end the session.
    var asking: Task<Void, Never>?
    /// The end of tunnels that were dropped.
    var closing: Task<Void, Never>?
    var tunnel: PortForwardedTunnel<LaptopEnd>?
    var tunnelNumber = 0
    /// The first pod's name.
    var firstPod: String?
    /// Whether another session had switched the Service when this one last came to the proxy.
    var foundSwitched = false
    /// Whether the Lease says that the proxy does not answer.
    var saysSilence = false
    /// Local ports without a listener.
    var silentPorts: Set<Int> = []
    /// What a mirror has got since the proxy's start; `nil` before it was told.
    var copies: (count: Int, lost: [String: Int])?
    /// Where the proxy's answer to a check is waited for.
    var checked: AsyncStream<ControlLine>.Continuation?

    var client: KubernetesClient { self.cluster.client }
    var namespace: String { self.objects.namespace }
    var serviceName: String { self.objects.service.metadata.name }

    init(_ prepared: PreparedIntercept, cluster: Cluster, request: InterceptRequest, report: SessionReport) {
        let objects = prepared.objects
        self.prepared = prepared
        self.objects = objects
        self.cluster = cluster
        self.request = request
        self.report = report
        self.session = LaptopSession(
            holder: objects.holder, service: objects.service, plan: objects.plan, isControlled: prepared.isControlled,
            handsOver: objects.failsafe != .pluginOnly && !prepared.isControlled)
        self.cleanup = prepared.cleanup(cluster.client, objects)
        self.writes = prepared.writes(cluster.client, objects, request)
        (self.events, self.eventSource) = AsyncStream.makeStream()
    }

    /// From now on this is the tunnel, and this the Lease.
    func use(_ objects: SessionObjects) {
        self.objects = objects
        self.cleanup = self.prepared.cleanup(self.client, objects)
        self.writes = self.writes(for: objects)
    }

    func writes(for objects: SessionObjects) -> any SessionWriting {
        self.prepared.writes(self.client, objects, self.request)
    }

    /// Runs until it is asked to end, or has to.
    ///
    /// - Throws: The reason, when the end was not asked for.
    func run(_ locks: SessionLocks) async throws {
        self.log = try RequestLog(
            shows: self.request.showsRequests, recording: self.request.recording, report: self.report)
        locks.hold(self.objects.holder.session)
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        self.inBackground { for await _ in signals { self.tell(.interrupted) } }
        if !self.request.command.isEmpty {
            self.command = try await LocalCommand.open(
                self.request, cluster: self.cluster, me: self.objects.holder, report: self.report,
                loop: self.group.next())
        }
        self.attempt = Task {
            do {
                self.tell(.proxyReady(pod: try await self.setUp()))
            } catch {
                self.tell(.setUpFailed(error))
            }
        }
        await self.takeEvents()
        if self.session.outcome != .unfinished { locks.remove(self.objects.holder.session) }
        await self.command?.finish()
        for task in self.background.values { task.cancel() }
        await self.closing?.value
        await self.log?.finish()
        try? await self.group.shutdownGracefully()
        try self.throwEnd()
    }

    private func takeEvents() async {
        for await event in self.events {
            switch event {
            case .session(let event): self.handle(event)
            case .tunnel(let number, let event): self.take(event, from: number)
            case .slept(let duration): self.report.event("slept", LeaseKeeper.sleep(duration))
            }
            if self.session.outcome != nil { return }
        }
    }

    func handle(_ event: LaptopSession.Event) {
        let now = ContinuousClock.now - self.start
        for order in self.session.handle(event, now: now) { self.perform(order) }
    }

    nonisolated func tell(_ event: LaptopSession.Event) { self.hear(.session(event)) }

    nonisolated func hear(_ event: SessionEvent) { self.eventSource.yield(event) }

    func inBackground(_ body: @escaping @Sendable () async -> Void) {
        self.lastBackground += 1
        let number = self.lastBackground
        self.background[number] = Task {
            await body()
            self.background[number] = nil
        }
    }

    private func throwEnd() throws {
        switch self.session.end {
        case .asked, .requested(.stop), .requested(.handOver), nil: break
        case .commandEnded(let code): if code != 0 { throw ExitCode(code) }
        case .requested(.takeOver(let person)):
            throw PluginFailure("\(person) has taken service/\(self.serviceName) over")
        case .failed(let error): throw (error as? Refusal).map(PluginFailure.init) ?? error
        case .displaced(let what): throw PluginFailure(what)
        }
        // What is not cleaned up was said where it happened.
        if self.session.outcome == .unfinished { throw ExitCode.failure }
    }
}
