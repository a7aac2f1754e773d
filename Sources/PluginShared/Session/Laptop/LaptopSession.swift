public import Kubernetes

/// What the plugin does with its session, and when: facts in, orders out, time as an argument. The proxy's counterpart is
/// ``InClusterSession``.
///
/// There is one order under way of those that set up or bring back, one restore, and one step of the end at a time; each is
/// answered by an event, also when it fails.
public struct LaptopSession: Sendable {
    /// How far it is.
    enum Phase: Sendable, Equatable {
        /// Nothing is in the cluster yet.
        case preparing
        /// The Lease may be there, and more; the proxy's pod is waited for.
        case leased
        /// The Service leads to a proxy, or is on its way there.
        case connecting(Connecting)
        /// The Service leads to the proxy, and the tunnel is up.
        case serving
        /// It comes to its end.
        case ending(EndStep)
        /// Nothing is left to do.
        case over(Outcome)
    }

    /// What is left in the end.
    public enum Outcome: Sendable, Equatable {
        /// Nothing.
        case cleanedUp
        /// What the proxy deletes when the last connection through it has ended.
        case handedOver
        /// What the cluster, or a user, still has to clean up; it was said.
        case unfinished
    }

    let holder: Holder
    /// Whether the controller does the writes.
    let isControlled: Bool
    /// Whether the proxy can end the session without the plugin, and nobody else has to be asked for it.
    let handsOver: Bool
    /// The Service as its tunnel was made for it.
    var service: Service
    let plan: PortPlan
    /// The tunnel that it has joined: its own, unless another was there.
    var tunnelID: SessionID
    /// Its Lease's name.
    var lease: String
    /// Whether nobody can go on with the tunnel: an object of it is gone, or the Service has a port that the proxy does not
    /// serve.
    var isUnserved = false
    /// The managers, and times, in the Service's managedFields when it was last seen to lead to the proxy.
    var writers: Set<JSONValue> = []
    var phase = Phase.preparing
    /// Whether there may be something to clean up.
    var hasBegun = false
    /// Whether there has been a proxy pod, which can end the session by itself.
    var hasProxy = false
    /// Whether the Service may lead to the proxy.
    var isSwitched = false
    /// Whether it ever did: nodes may send connections there for a while.
    var hasSwitched = false
    /// Whether the user has been told that it does.
    var isAnnounced = false
    /// The pod that it leads to; `nil` also when it was restored because that is being deleted.
    var servingPod: String?
    /// The tunnel that is up: its number, and its pod.
    var tunnel: (number: Int, pod: String)?
    /// Whether the tunnel has not answered for a while.
    var isSuspect = false
    /// When the Service was last restored because of that, and how often in a row.
    var lastSuspicion: (at: Duration, count: Int)?
    /// The restore that is under way while the session continues.
    var meanwhile: Meanwhile?
    /// Grows with each change of what the Service is expected to look like: a look at it that began before says nothing.
    var writes = 0
    /// Whether the user does not want to wait for connections.
    var skipsDrain = false
    /// Why it ends; `nil` while it does not.
    public internal(set) var end: End?

    /// A session that has not begun.
    ///
    /// - Parameters:
    ///   - service: As the session was planned for it.
    ///   - isControlled: Whether the controller does the writes.
    ///   - handsOver: Whether the proxy may restore and delete by itself, and the user may delete what it leaves.
    public init(holder: Holder, service: Service, plan: PortPlan, isControlled: Bool, handsOver: Bool) {
        self.holder = holder
        self.tunnelID = holder.session
        self.lease = SessionNames(service: service.metadata.name).lease(slot: 0)
        self.writers = Restore.writers(of: service)
        self.service = service
        self.plan = plan
        self.isControlled = isControlled
        self.handsOver = handsOver
    }

    /// What is left in the end; `nil` while the session lasts.
    public var outcome: Outcome? { if case .over(let outcome) = self.phase { outcome } else { nil } }

    /// Whether it comes to its end.
    var isEnding: Bool {
        switch self.phase {
        case .ending, .over: true
        case .preparing, .leased, .connecting, .serving: false
        }
    }

    /// Takes a fact in.
    ///
    /// - Parameter now: Monotonic time since any fixed moment.
    /// - Returns: What to do, in this order.
    public mutating func handle(_ event: Event, now: Duration) -> [Order] {
        switch event {
        case .leaseAsked: self.leaseAsked()
        case .leaseGone: self.leaseGone()
        case .entered(let tunnel, let lease, let service):
            self.tunnelID = tunnel
            self.lease = lease
            self.service = service
            self.writers = Restore.writers(of: service)
        case .proxyReady(let pod): return self.proxyReady(pod, now: now)
        case .tunnelUp(let number, let pod):
            self.tunnel = (number, pod)
            self.isSuspect = false
        case .tunnelRecovered: self.isSuspect = false
        case .tunnelClosed(let number, let reason, let afterSilence):
            return self.tunnelClosed(number, reason, afterSilence: afterSilence, now: now)
        default: break
        }
        return self.isEnding ? self.handleWhileEnding(event) : self.handleWhileRunning(event, now: now)
    }

    private mutating func handleWhileRunning(_ event: Event, now: Duration) -> [Order] {
        switch event {
        case .setUpFailed(let error): self.begin(.failed(error))
        case .looked(let look): self.looked(look, now: now)
        case .tunnelSuspect: self.tunnelSuspect()
        case .tunnelRecovered: self.tunnelRecovered()
        case .apiLooked(let answers): self.apiLooked(answers, now: now)
        case .connected: self.connected(now: now)
        case .checked: self.checked()
        case .switchWritten(let pod): self.switchWritten(pod)
        case .switched(let pod): self.switched(to: pod, now: now)
        case .attemptFailed(let error): self.attemptFailed(error, now: now)
        case .pauseOver: self.pauseOver()
        case .silenceLooked(let lease): self.silenceLooked(lease, now: now)
        case .restoredMeanwhile(let outcome): self.restoredMeanwhile(outcome, now: now)
        case .podDeleted(let pod): self.podDeleted(pod)
        case .proxyTerminates: self.proxyTerminates()
        case .serviceSeen(let service): self.serviceSeen(service)
        case .serviceRead(let read): self.serviceRead(read)
        case .interrupted: self.begin(.asked("interrupted"))
        case .commandEnded(let code): self.begin(.commandEnded(code))
        case .endRequested(let request): self.begin(.requested(request))
        case .lost(let loss): [.inspect(loss)]
        case .inspected(let loss, let service, let originIsBack):
            self.inspected(loss, service, originIsBack: originIsBack)
        default: []
        }
    }
}
