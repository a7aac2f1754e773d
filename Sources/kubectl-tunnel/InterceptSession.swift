import ArgumentParser
import Kubernetes
import Logging
import NIOCore
import NIOPosix
import PluginConsole
import PluginSession
import Session
import SessionEffects
import Tunnel
import UnixSignals

/// A running intercept: set up, kept up, and cleaned up whatever happens.
actor InterceptSession {
    let prepared: PreparedIntercept
    let cluster: Cluster
    let request: InterceptRequest
    let report: SessionReport
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let secret = TunnelSecret.random()
    let cleanup: SessionCleanup
    /// The client that does the session's writes.
    let writes: any SessionWriting
    /// What is run beside the intercept; `nil` for nothing.
    var command: LocalCommand?
    let events: AsyncStream<SessionEvent>
    let eventSource: AsyncStream<SessionEvent>.Continuation
    var background: [Task<Void, Never>] = []
    var tunnel: PortForwardedTunnel<LaptopEnd>?
    var tunnelNumber = 0
    var reconnecting: Task<Void, Never>?
    /// The first pod's name.
    var firstPod: String?
    /// See ``keepEndingPodsLater(than:)``.
    var keepingEndingPods: Task<Void, Never>?
    /// The origin Service's address, which the proxy knows it by.
    var originHost: String?
    /// Whether there may be something to clean up.
    var hasBegun = false
    /// Whether the Service may lead to the proxy.
    var isSwitched = false
    /// Whether it ever did: nodes may send connections there for a while.
    var hasSwitched = false
    /// The pod it leads to; `nil` also when it was restored because that is being deleted.
    var servingPod: String?
    /// Local ports without a listener.
    var silentPorts: Set<Int> = []
    var checked: AsyncStream<ControlLine>.Continuation?
    var drained: AsyncStream<Bool>.Continuation?
    /// Whether the user skips the drain.
    var skipsDrain = false
    /// What to do then.
    var onDrainSkipped: (@Sendable () -> Void)?

    var objects: SessionObjects { self.prepared.objects }
    var client: KubernetesClient { self.cluster.client }
    var namespace: String { self.objects.namespace }
    var serviceName: String { self.objects.service.metadata.name }

    init(_ prepared: PreparedIntercept, cluster: Cluster, request: InterceptRequest, report: SessionReport) {
        self.prepared = prepared
        self.cluster = cluster
        self.request = request
        self.report = report
        self.cleanup = SessionCleanup(
            client: cluster.client, namespace: prepared.objects.namespace,
            service: prepared.objects.service.metadata.name, session: prepared.objects.holder.session,
            slices: prepared.slices)
        self.writes =
            prepared.isControlled
            ? ControllerWrites(client: cluster.client, objects: prepared.objects)
            : SessionWriter(
                client: cluster.client, objects: prepared.objects, cleanup: self.cleanup,
                wantsNetworkPolicy: request.wantsNetworkPolicy)
        (self.events, self.eventSource) = AsyncStream.makeStream()
    }

    /// Runs until it is asked to end, or has to.
    ///
    /// - Throws: The reason, when the end was not asked for.
    func run(_ locks: SessionLocks) async throws {
        locks.hold(self.objects.holder.session)
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        let source = self.eventSource
        self.background.append(Task { for await _ in signals { source.yield(.interrupted) } })
        if !self.request.command.isEmpty {
            self.command = try await LocalCommand.open(
                self.request, cluster: self.cluster, me: self.objects.holder, report: self.report,
                loop: self.group.next())
        }
        let setUp = Task {
            do {
                try await self.setUp()
                source.yield(.switched)
            } catch {
                source.yield(.setUpFailed(error))
            }
        }
        let end = await self.takeEvents(setUp)
        setUp.cancel()
        _ = await setUp.value
        let isCleanedUp = await self.finish(end)
        if isCleanedUp { locks.remove(self.objects.holder.session) }
        await self.command?.finish()
        for task in self.background { task.cancel() }
        try? await self.group.shutdownGracefully()
        switch end {
        case .asked, .requested(.stop): break
        case .commandEnded(let code):
            if code != 0 { throw ExitCode(code) }
        case .requested(.takeOver(let person)):
            throw PluginFailure("\(person) has taken service/\(self.serviceName) over")
        case .failed(let error): throw error
        case .displaced(let what): throw PluginFailure(what)
        }
        // What is not cleaned up was said where it happened.
        if !isCleanedUp { throw ExitCode.failure }
    }

    /// Takes facts in until one of them ends the session.
    private func takeEvents(_ setUp: Task<Void, Never>) async -> SessionEnd {
        for await event in self.events {
            switch event {
            case .interrupted: return .asked("interrupted")
            case .setUpFailed(let error): return .failed(error)
            case .switched: break
            case .reconnected:
                self.report.event("link-back", "tunnel is back: traffic comes here again")
            case .endRequested(let request): return .requested(request)
            case .commandEnded(let code): return .commandEnded(code)
            case .objectDeleted(let name):
                if let end = await self.endOfDeletedService() { return end }
                // It owns the Secret, whose deletion by the garbage collector may be heard of first.
                let cause = await self.bringOriginBack() ? "service/\(self.objects.names.origin)" : name
                return .failed(PluginFailure("the session has ended: \(cause) was deleted"))
            case .podDeleted(let name): await self.leavePod(name)
            case .slept(let duration): self.report.event("slept", LeaseKeeper.sleep(duration))
            case .leaseLost(let reason):
                // A deleted Service takes everything along, and a quick garbage collector is heard of before it.
                if let end = await self.endOfDeletedService() { return end }
                return .failed(PluginFailure("the session has ended: \(reason)"))
            case .tunnel(let number, let event):
                guard number == self.tunnelNumber else { continue }
                self.take(event)
            case .service(let service):
                if let end = await self.take(service) { return end }
            }
        }
        return .asked("interrupted")
    }
}
