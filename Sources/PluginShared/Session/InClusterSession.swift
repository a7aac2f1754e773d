public import Kubernetes

/// What the in-cluster side does with one session, and when: facts in, orders out, time as an argument. What that means to
/// the others of its tunnel, ``InClusterTunnel`` decides.
public struct InClusterSession: Sendable {
    /// A fact.
    public enum Event: Sendable {
        /// The Lease was read.
        case leaseRead(Lease)
        /// The Lease is gone: another client deleted it.
        case leaseMissing
        /// The origin Service was looked for, and is gone.
        case originMissing
        /// The laptop is connected and has proven who it is.
        case linkUp
        /// The laptop is not connected any more.
        case linkDown
        /// The laptop says that its process for a route does not answer.
        case localDown(route: String)
        /// It answers again.
        case localUp(route: String)
        /// The laptop has restored the Service, and every connection here has come to its end.
        case drainedForLaptop
        /// The pod was asked to terminate (SIGTERM).
        case terminationRequested
    }

    /// An order.
    public enum Order: Sendable, Equatable {
        /// Write this into the Lease.
        case write(SessionState)
        /// Restore the Service, drain, and delete what the session made, Lease included.
        case end(Reason)
        /// Restore the Service and drain; the session continues with the next pod.
        case restoreAndDrain
        /// Nothing is left to do.
        case exit
    }

    /// Why a session ends from inside the cluster.
    public enum Reason: Sendable, Equatable {
        case expired
        case leaseDeleted
        /// A user asked for it, and there is no laptop to do it.
        case requested(EndRequest)
        /// Another session, this person's, has the Lease now.
        case replaced(by: String)
        /// The origin Service is gone while the laptop does not answer.
        case originDeleted

        /// Whether nobody waits for the end.
        public var isHandOver: Bool { if case .requested(let request) = self { request.isHandOver } else { false } }
    }

    /// How long the laptop gets to end its session when it is asked to, before the in-cluster side does.
    public static let stopTimeout = Duration.seconds(10)
    /// How long nodes may send new connections to the proxy after the Service was restored: kube-proxy writes its rules at
    /// most once a second by default, and two cores that are busy took up to another second here.
    public static let lateConnectionGrace = Duration.seconds(3)

    private let holder: Holder
    private var clock: LeaseClock
    private(set) var linkIsUp = false
    private var downRoutes: Set<String> = []
    /// The most routes that are remembered: a Service's ports are fewer.
    private static let mostRoutes = 1000
    private var requestSeenAt: Duration?
    /// What the Lease should say; `nil` before anything is known.
    public private(set) var state: SessionState?
    private var isDrained = false
    private var isEnding = false

    /// Why the Service goes back when the session ends for this reason.
    public func cause(_ reason: Reason) -> RestoreCause {
        switch reason {
        case .expired: .expired(holder: self.holder.person)
        case .leaseDeleted: .leaseDeleted(holder: self.holder.person)
        case .requested(let request): request.cause
        case .replaced(let person): .takenOver(by: person)
        case .originDeleted: .originDeleted(holder: self.holder.person)
        }
    }

    /// How often the Lease should be read.
    public var interval: Duration { self.clock.interval }

    /// A session with this Lease duration in seconds.
    public init(holder: Holder, durationSeconds: Int) {
        self.holder = holder
        self.clock = LeaseClock(durationSeconds: durationSeconds)
    }

    /// Takes a fact in.
    ///
    /// - Parameter now: Monotonic time since any fixed moment.
    public mutating func handle(_ event: Event, now: Duration) -> [Order] {
        guard !self.isEnding else { return [] }
        switch event {
        case .linkUp:
            self.linkIsUp = true
            self.downRoutes = []
            return self.write(.active)
        case .linkDown:
            self.linkIsUp = false
            return self.write(.passingThrough)
        case .localDown(let route):
            guard self.linkIsUp, self.downRoutes.count < Self.mostRoutes else { return [] }
            self.downRoutes.insert(route)
            return self.write(.localDown)
        case .localUp(let route):
            self.downRoutes.remove(route)
            return self.linkIsUp && self.downRoutes.isEmpty ? self.write(.active) : []
        case .drainedForLaptop:
            self.isDrained = true
            return []
        case .terminationRequested:
            self.isEnding = true
            if self.isDrained { return [.exit] }
            return self.write(.terminating) + [.restoreAndDrain]
        case .leaseMissing:
            return self.end(.leaseDeleted)
        case .originMissing:
            // While the laptop answers, it hears of it too, and ends the session in its own words.
            return self.linkIsUp ? [] : self.end(.originDeleted)
        case .leaseRead(let lease):
            return self.leaseRead(lease, now: now)
        }
    }

    private mutating func leaseRead(_ lease: Lease, now: Duration) -> [Order] {
        if let holder = lease.holder, holder.session != self.holder.session {
            return self.end(.replaced(by: holder.person))
        }
        if let request = EndRequest(lease) {
            let seenAt = self.requestSeenAt ?? now
            self.requestSeenAt = seenAt
            if !self.linkIsUp || now - seenAt >= Self.stopTimeout { return self.end(.requested(request)) }
        }
        switch self.clock.observe(lease, now: now) {
        case .held: return []
        case .expired: return self.write(.expired) + self.end(.expired)
        }
    }

    private mutating func end(_ reason: Reason) -> [Order] {
        self.isEnding = true
        return [.end(reason)]
    }

    private mutating func write(_ state: SessionState) -> [Order] {
        guard self.state != state else { return [] }
        self.state = state
        return [.write(state)]
    }
}
