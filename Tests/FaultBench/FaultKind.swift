/// What can go wrong.
package enum FaultKind: String, Codable, CaseIterable, Sendable {
    // The laptop's processes.
    case pluginKill, pluginSleep, apiChildKill, apiChildPause, forwardKill, forwardPause, localRestart, interrupt
    case terminate, wrongClock
    // The way between laptop and cluster.
    case linkDelay, linkJitter, linkBlackHole, linkReset, linkBandwidth, linkSlowClose
    // The proxy and the cluster.
    case proxyKill, proxyPause, kubeletKill, kubeletPause, serverKill, serverPause
    // A client deletes what the session made, or a pod.
    case deleteLease, deleteDeployment, deletePod, forceDeletePod, deleteOrigin, deleteWarmUp
    case deleteAccount, deleteOriginalPod
    // Another client.
    case rivalIntercept, stopForce, takeOver, apply, serverSideApply
    // A colleague's session beside the laptop's: with another port, or with a rule.
    case colleagueJoin, colleagueLeave, colleagueKill, colleagueStream, ruleChurn

    /// Whether it strikes all sessions of the cluster.
    package var isClusterWide: Bool {
        switch self {
        case .kubeletKill, .kubeletPause, .serverKill, .serverPause: true
        default: false
        }
    }

    /// Whether it is done to the laptop's processes, or to its way to the cluster: colleagues have others.
    package var strikesLaptop: Bool {
        switch self {
        case .pluginKill, .pluginSleep, .apiChildKill, .apiChildPause, .forwardKill, .forwardPause, .localRestart,
            .interrupt, .terminate, .wrongClock, .linkDelay, .linkJitter, .linkBlackHole, .linkReset, .linkBandwidth,
            .linkSlowClose:
            true
        default: false
        }
    }

    /// Whether a session leaves by it, or dies: nobody else may notice.
    package var isDeparture: Bool {
        switch self {
        case .interrupt, .terminate, .wrongClock, .pluginKill, .colleagueLeave, .colleagueKill: true
        default: false
        }
    }

    /// Whether a session's plugin is killed by it: its Lease stays until it runs out.
    package var kills: Bool { self == .pluginKill || self == .colleagueKill }

    /// Whether all who have the tunnel may notice something of it; a departure is none of these.
    package var disturbsOthers: Bool {
        !self.isDeparture
            && (self.allowance != Allowance() || self.maySwitchBack || self.silencesTunnel || self.silencesLaptop
                || self.hidesLoss || self.delaysRestore || self.isClusterWide)
    }

    /// Whether it strikes the laptop's way to the API server, so that renewals may fail meanwhile.
    package var silencesLaptop: Bool {
        switch self {
        case .pluginKill, .pluginSleep, .linkBlackHole, .apiChildPause: true
        default: false
        }
    }

    /// Whether it may by itself restore the Service or end the session, for good or until it is switched again.
    package var maySwitchBack: Bool {
        switch self {
        case .interrupt, .terminate, .wrongClock, .deleteLease, .deleteDeployment, .deletePod, .forceDeletePod,
            .proxyKill, .deleteOrigin, .deleteAccount, .stopForce, .takeOver, .apply, .serverSideApply:
            true
        default: false
        }
    }

    /// Whether it is a signal to the plugin to end: the second of them skips the drain.
    package var interrupts: Bool { self == .interrupt || self == .terminate || self == .wrongClock }

    /// Whether the Service's object is another client's from then on.
    package var writesService: Bool { self == .apply || self == .serverSideApply }

    /// Whether it stops those who restore, or makes a proxy count a Lease's duration from its beginning again.
    package var delaysRestore: Bool {
        switch self {
        case .serverKill, .serverPause, .kubeletKill, .kubeletPause, .proxyKill, .proxyPause, .deletePod,
            .forceDeletePod:
            true
        default: false
        }
    }

    /// Whether the in-cluster side can no longer restore: the next plugin or `restore` does it then.
    package var disablesProxy: Bool {
        switch self {
        case .deleteAccount, .deleteDeployment: true
        default: false
        }
    }

    /// Whether a proxy that lives may not notice meanwhile that its tunnel is lost.
    package var hidesLoss: Bool { self == .kubeletPause || self == .kubeletKill || self == .proxyPause }

    /// Whether the tunnel may get no answer meanwhile, although the API server gives one.
    package var silencesTunnel: Bool {
        switch self {
        case .forwardPause, .linkBlackHole, .linkBandwidth, .kubeletPause, .kubeletKill, .proxyPause, .serverPause:
            true
        default: false
        }
    }

    /// What callers may notice, by DESIGN's bounds.
    package var allowance: Allowance {
        switch self {
        case .pluginKill, .colleagueKill, .forwardKill, .linkReset, .linkSlowClose, .serverKill, .kubeletKill:
            // linkSlowClose is a port-forward that is killed, too.
            // "only requests in flight; new ones at the originals at once, the link known dead ≤ 1.5 s".
            Allowance(detection: 1.5)
        case .pluginSleep, .forwardPause, .linkBlackHole, .serverPause, .kubeletPause, .linkBandwidth:
            // "old streams reset ≤ 12 s".
            Allowance(detection: 12)
        case .proxyKill, .forceDeletePod:
            // "≤ 3 s refused; restored or container Ready again ≤ 5 s".
            Allowance(detection: 3, refusal: 3, empty: 5)
        case .localRestart:
            // Resets from the local server's own backlog are counted apart.
            Allowance(detection: 0.5)
        default: Allowance()
        }
    }
}

/// What callers may notice of a fault; all times in seconds from its begin.
package struct Allowance: Sendable, Equatable {
    /// How long connections that were in use may take to break; `nil` when none may.
    package var detection: Double?
    /// For how long any request may fail.
    package var refusal = 0.0
    /// For how long the Service may have no ready endpoint.
    package var empty = 0.0
}
