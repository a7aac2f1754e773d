import Kubernetes

/// Bringing the Service to a proxy, for the first time or after the tunnel was lost.
extension LaptopSession {
    /// How far that is.
    struct Connecting: Sendable, Equatable {
        /// What is under way.
        enum Step: Sendable, Equatable {
            case looking
            case pausing
            /// The tunnel does not answer, and may yet.
            case suspecting
            case connecting(pod: String)
            /// The tunnel is up, and a restore is not over yet: whatever it does is over before the Service is looked at.
            case waiting(pod: String)
            case checking(pod: String)
            case switching(pod: String)
        }

        var step: Step
        /// When the tunnel was lost.
        let start: Duration
        /// Before the next look.
        var pause = LaptopSession.shortestPause
        let afterSilence: Bool
        /// Whether connections may still be in a tunnel to another pod: it is kept until it closes.
        var keepsTunnel = false
        /// `nil` while the proxy answers.
        var silence: ProxySilence?
        /// Whether the Lease is being looked at for it.
        var isLookingForSilence = false
        /// The tunnel that was lost while the Service was switched to it for the first time; whether after silence.
        var lostAfterSilence: Bool?
        /// A pod that the Service leads, or is to lead to, if it was deleted while that is written.
        var deletedPod: String?
    }

    /// How long a Service may lead to a proxy that is not ready, as after the end of its container: the bound is 5 s.
    static let proxyTimeout = Duration.seconds(3)
    /// The same beside a pod that ends: its proxy restores first of all, unless it was killed before it could.
    static let endingProxyTimeout = Duration.milliseconds(500)
    static let shortestPause = Duration.milliseconds(100)
    static let longestPause = Duration.seconds(5)
    /// The same while the Service may lead to a proxy that is gone.
    static let longestPauseSwitched = Duration.seconds(1)

    /// The attempt that is under way; `nil` in every other phase.
    var connecting: Connecting? {
        get { if case .connecting(let connecting) = self.phase { connecting } else { nil } }
        set { if let newValue { self.phase = .connecting(newValue) } }
    }

    mutating func leaseAsked() {
        self.hasBegun = true
        if self.phase == .preparing { self.phase = .leased }
    }

    mutating func leaseGone() {
        self.hasBegun = false
        if self.phase == .leased { self.phase = .preparing }
    }

    mutating func proxyReady(_ pod: String, now: Duration) -> [Order] {
        self.hasProxy = true
        guard self.phase == .leased else { return [] }
        self.phase = .connecting(Connecting(step: .connecting(pod: pod), start: now, afterSilence: false))
        return [.connect(pod: pod, isFirst: true)]
    }

    // MARK: The tunnel

    mutating func tunnelClosed(_ number: Int, _ reason: String, afterSilence: Bool, now: Duration) -> [Order] {
        guard self.tunnel?.number == number else { return [] }
        self.tunnel = nil
        switch self.phase {
        case .serving:
            return [.dropTunnel, .report(.linkLost(reason: reason))] + self.bringBack(afterSilence, now: now)
        case .connecting(var connecting):
            if connecting.step == .suspecting {
                return [.dropTunnel, .report(.linkLost(reason: reason))] + self.bringBack(afterSilence, now: now)
            }
            let isFirst = !self.isAnnounced
            if isFirst, case .switching = connecting.step {
                connecting.lostAfterSilence = afterSilence
                self.phase = .connecting(connecting)
            }
            // Setting up waits for an answer that will not come now.
            let isTold = !isFirst || self.isSwitched
            return [.dropTunnel] + (isTold ? [.report(.linkLost(reason: reason))] : []) + [.failCheck]
        case .ending(.draining): return [.dropTunnel] + self.drained(false)
        case .ending(.leaving): return self.left()
        case .preparing, .leased, .ending, .over: return [.dropTunnel]
        }
    }

    /// The tunnel is up, and the Service does not lead to its proxy any more.
    mutating func comeBack() -> [Order] {
        self.phase = .connecting(Connecting(step: .looking, start: .zero, afterSilence: false, keepsTunnel: true))
        return [.look]
    }

    private mutating func bringBack(_ afterSilence: Bool, now: Duration) -> [Order] {
        self.phase = .connecting(
            Connecting(
                step: .looking, start: now, afterSilence: afterSilence,
                silence: ProxySilence(holder: self.holder, afterSilence: afterSilence), isLookingForSilence: true))
        return [.look, .lookForSilence]
    }

    // MARK: One attempt

    mutating func looked(_ look: Look, now: Duration) -> [Order] {
        guard var connecting, connecting.step == .looking else { return [] }
        switch look {
        case .ready(let pod):
            if connecting.keepsTunnel, let tunnel, tunnel.pod != pod {
                connecting.step = .pausing
                self.connecting = connecting
                return [.pause(Self.longestPauseSwitched)]
            }
            connecting.step = .connecting(pod: pod)
            self.connecting = connecting
            // A tunnel that is up carries requests, whatever the API server says: it is kept over attempts.
            if self.tunnel?.pod == pod { return self.connected(now: now) }
            let drop: [Order] = self.tunnel == nil ? [] : [.dropTunnel]
            self.tunnel = nil
            return drop + [.connect(pod: pod, isFirst: false)]
        case .notReady(let isAlone):
            connecting.step = .pausing
            connecting.pause = Self.shortestPause
            self.connecting = connecting
            let limit = isAlone ? Self.proxyTimeout : Self.endingProxyTimeout
            let isOver = now - connecting.start >= limit
            return (isOver ? self.restoreMeanwhile(.proxyMissing(holder: self.holder.person)) : [])
                + [.pause(connecting.pause)]
        }
    }

    mutating func connected(now: Duration) -> [Order] {
        guard var connecting, case .connecting(let pod) = connecting.step else { return [] }
        guard self.tunnel != nil else { return self.attemptFailed(Refusal("the tunnel was lost again"), now: now) }
        guard !self.isSuspect || !self.isAnnounced else {
            self.connecting?.step = .suspecting
            return []
        }
        connecting.silence = nil
        connecting.step = self.meanwhile == nil ? .checking(pod: pod) : .waiting(pod: pod)
        self.connecting = connecting
        return self.meanwhile == nil ? [.check(pod: pod, isFirst: !self.isAnnounced)] : []
    }

    mutating func checked() -> [Order] {
        guard case .checking(let pod)? = self.connecting?.step else { return [] }
        guard !self.isSuspect || !self.isAnnounced else {
            self.connecting?.step = .suspecting
            return []
        }
        guard self.meanwhile == nil else {
            self.connecting?.step = .waiting(pod: pod)
            return []
        }
        self.connecting?.step = .switching(pod: pod)
        // From here on it may be switched, even if the answer is lost.
        self.isSwitched = true
        self.hasSwitched = true
        self.writes += 1
        return [.switchService(pod: pod, isFirst: !self.isAnnounced)]
    }

    mutating func switchWritten(_ pod: String) -> [Order] {
        guard self.connecting?.step == .switching(pod: pod) else { return [] }
        self.servingPod = pod
        self.writes += 1
        return self.connecting?.deletedPod.take() == pod ? self.podDeleted(pod) : []
    }

    mutating func switched(to pod: String, now: Duration) -> [Order] {
        guard let connecting, connecting.step == .switching(pod: pod) else { return [] }
        guard self.isAnnounced else {
            self.isAnnounced = true
            self.phase = .serving
            let lost = self.tunnel == nil ? self.bringBack(connecting.lostAfterSilence ?? false, now: now) : []
            return [.report(.intercepting)] + lost
        }
        // Nobody has acted upon an end of the tunnel in the meantime.
        guard self.tunnel != nil else { return self.attemptFailed(Refusal("the tunnel was lost again"), now: now) }
        self.phase = .serving
        return [.report(.linkBack)]
    }

    mutating func attemptFailed(_ error: any Error, now: Duration) -> [Order] {
        guard var connecting else { return [] }
        guard self.isAnnounced else { return self.begin(.failed(error)) }
        let longest = self.isSwitched ? Self.longestPauseSwitched : Self.longestPause
        connecting.pause = min(connecting.pause * 2, longest)
        connecting.step = .pausing
        let deletedPod = connecting.deletedPod.take()
        var orders: [Order] = [.report(.notYet("\(error)")), .pause(connecting.pause)]
        if connecting.silence == nil, self.tunnel == nil {
            connecting.silence = ProxySilence(holder: self.holder, afterSilence: connecting.afterSilence)
            if !connecting.isLookingForSilence { orders.append(.lookForSilence) }
            connecting.isLookingForSilence = true
        }
        self.connecting = connecting
        return orders + (deletedPod.map { self.podDeleted($0) } ?? [])
    }

    mutating func pauseOver() -> [Order] {
        guard self.connecting?.step == .pausing else { return [] }
        self.connecting?.step = .looking
        return [.look]
    }
}
