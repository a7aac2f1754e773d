import Kubernetes

/// Restoring the Service while the session continues, until there is a proxy to switch to again.
extension LaptopSession {
    /// A restore while the session continues.
    struct Meanwhile: Sendable, Equatable {
        let cause: RestoreCause
        /// The pod that is being deleted; `nil` for another reason.
        let pod: String?
    }

    /// The proxy has not noticed either that the tunnel is lost: then it is gone, although a node whose kubelet is away still
    /// calls its pod ready.
    mutating func silenceLooked(_ lease: Lease?, now: Duration) -> [Order] {
        guard var connecting, var silence = connecting.silence else {
            self.connecting?.isLookingForSilence = false
            return []
        }
        let isSilent = silence.observe(lease)
        connecting.silence = silence
        self.connecting = connecting
        let cause = RestoreCause.proxySilent(holder: self.holder.person)
        return (isSilent ? self.restoreMeanwhile(cause) : []) + [.lookForSilence]
    }

    mutating func restoreMeanwhile(_ cause: RestoreCause) -> [Order] {
        guard self.isSwitched, self.meanwhile == nil else { return [] }
        // Before, or the watch shows it first, and it looks like another client's. It may be done even if the answer is lost,
        // or comes late.
        self.isSwitched = false
        self.servingPod = nil
        return self.restoreMeanwhile(Meanwhile(cause: cause, pod: nil))
    }

    /// The pod that the Service leads to is being deleted. Its proxy restores when the kubelet tells it, a second later or
    /// more; the next pod may be an endpoint by then, and not listen yet.
    mutating func podDeleted(_ pod: String) -> [Order] {
        if case .switching(let next)? = self.connecting?.step, next != self.servingPod {
            // A restore now could come before that switch, and behind it nobody would do it again.
            if pod == next || pod == self.servingPod { self.connecting?.deletedPod = pod }
            return []
        }
        guard self.isSwitched, pod == self.servingPod, self.meanwhile == nil else { return [] }
        self.servingPod = nil
        return self.restoreMeanwhile(Meanwhile(cause: .proxyEnds(holder: self.holder.person), pod: pod))
    }

    private mutating func restoreMeanwhile(_ meanwhile: Meanwhile) -> [Order] {
        self.meanwhile = meanwhile
        self.writes += 1
        return [.restoreMeanwhile(meanwhile.cause)]
    }

    mutating func restoredMeanwhile(_ outcome: RestoreOutcome?, now: Duration) -> [Order] {
        guard let meanwhile else { return [] }
        self.meanwhile = nil
        self.writes += 1
        var orders: [Order] = []
        switch (outcome, meanwhile.pod) {
        case (.restored, nil): orders.append(.report(.restoredMeanwhile(meanwhile.cause)))
        case (.restored, _): orders.append(.report(.proxyEnds))
        case (nil, nil): self.isSwitched = true
        // What a controller was asked for it may do later.
        case (nil, let pod): if !self.isControlled { self.servingPod = pod }
        default: break
        }
        if case .waiting(let pod)? = self.connecting?.step {
            self.connecting?.step = .connecting(pod: pod)
            orders += self.connected(now: now)
        }
        return orders
    }

    mutating func proxyTerminates() -> [Order] {
        (self.servingPod == nil ? [] : [.report(.proxyEnds)]) + [.lookWhetherWanted]
    }
}
