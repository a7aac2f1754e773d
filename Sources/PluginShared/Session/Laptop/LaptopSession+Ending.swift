/// The way back: the Service first, then the connections, then everything that was created.
extension LaptopSession {
    /// How far that is.
    enum EndStep: Sendable, Equatable {
        /// What is under way comes to its end.
        case stopping
        case restoring
        case waitingForOriginals
        /// Open connections come to their end.
        case draining(Draining)
        /// The laptop has none left, and the proxy is told to do the rest.
        case handingOver(Draining)
        case cleaningUp(isDrained: Bool)
        /// Others have the tunnel, and this laptop's connections come to their end.
        case leaving
        case deletingLease
        /// The controller is away, and the proxy is asked.
        case leavingToProxy
    }

    /// How far connections are.
    struct Draining: Sendable, Equatable {
        /// Whether nodes have stopped to send new ones.
        var areLateOnesOver = false
        /// Whether nobody has any.
        var isDrained = false
        /// Whether the time was up.
        var isLimitOver = false
    }

    mutating func begin(_ end: End) -> [Order] {
        self.end = end
        self.phase = .ending(.stopping)
        return [.stopWork]
    }

    mutating func handleWhileEnding(_ event: Event) -> [Order] {
        guard case .ending(let step) = self.phase else { return [] }
        switch (event, step) {
        case (.interrupted, _): return self.skipDrain(step)
        case (.workStopped, .stopping):
            guard self.hasBegun else { return self.over(.cleanedUp) }
            self.phase = .ending(.restoring)
            return [.report(.ending(isSwitched: self.isSwitched)), .end(self.cause, withOthers: self.isUnserved)]
        case (.restored(let outcome), .restoring): return self.restored(outcome)
        case (.originalsReady, .waitingForOriginals):
            guard self.tunnel != nil else { return self.drained(false) }
            self.phase = .ending(.draining(Draining()))
            return [.drain] + [.lateConnections, .drainNotice, .drainLimit].map { .wake($0, after: $0.after) }
        case (.drained, .draining): return self.drained(true)
        case (.woken(.lateConnections), .draining(var draining)):
            draining.areLateOnesOver = true
            self.phase = .ending(.draining(draining))
            return self.skipsDrain ? self.drained(true) : []
        case (.laptopDrained(let passing), .draining(let draining)):
            guard passing > 0, self.isHandedOver else { return [] }
            self.phase = .ending(.handingOver(draining))
            return [.handOver]
        case (.drained, .handingOver(var draining)):
            draining.isDrained = true
            self.phase = .ending(.handingOver(draining))
            return []
        case (.woken(let timer), .handingOver(var draining)):
            draining.areLateOnesOver = draining.areLateOnesOver || timer == .lateConnections
            draining.isLimitOver = draining.isLimitOver || timer == .drainLimit
            self.phase = .ending(.handingOver(draining))
            return []
        case (.handedOver(true), .handingOver):
            return [.dropTunnel, .report(.handedOver)] + self.over(.handedOver)
        case (.handedOver(false), .handingOver(let draining)):
            guard !draining.isDrained, !draining.isLimitOver, self.tunnel != nil else {
                return self.drained(draining.isDrained)
            }
            self.phase = .ending(.draining(draining))
            return []
        case (.laptopDrained, .leaving), (.woken(.drainLimit), .leaving): return self.left()
        case (.cleanedUp(let isDone), .deletingLease):
            return (isDone ? [.report(.left)] : []) + self.over(isDone ? .cleanedUp : .unfinished)
        case (.woken(.drainNotice), .draining), (.woken(.drainNotice), .leaving): return [.report(.draining)]
        case (.woken(.drainLimit), .draining): return self.drained(false)
        case (.cleanedUp(true), .cleaningUp): return [.report(.ended)] + self.over(.cleanedUp)
        case (.cleanedUp(false), .cleaningUp):
            return self.isControlled ? self.leaveToProxy() : self.over(.unfinished)
        case (.proxyAnswered(let isOver), .leavingToProxy):
            return [.dropTunnel, .report(isOver ? .ended : .proxyNotDone)]
                + self.over(isOver ? .cleanedUp : .unfinished)
        default: return []
        }
    }

    /// A second Ctrl-C does not wait for connections, but for nodes that still send new ones to the proxy.
    private mutating func skipDrain(_ step: EndStep) -> [Order] {
        self.skipsDrain = true
        return switch step {
        case .draining(let draining) where draining.areLateOnesOver: self.drained(true)
        case .leaving: self.left()
        case .leavingToProxy: [.stopAsking]
        default: []
        }
    }

    /// Whether what passes through is left to the proxy: others may keep theirs for long, and nothing else is the matter.
    private var isHandedOver: Bool {
        switch self.end {
        case .asked, .commandEnded, .requested(.stop): self.handsOver && !self.skipsDrain
        case .requested, .failed, .displaced, nil: false
        }
    }

    private mutating func restored(_ outcome: RestoreOutcome?) -> [Order] {
        var reports: [Order] = []
        switch outcome {
        case .restored: reports = [.report(.restored)]
        case .untouched: if case .displaced = self.end { reports = [.report(.displaced)] }
        case .displaced, .serviceGone: break
        case .shared:
            guard self.tunnel != nil, self.isAnnounced else { return [.report(.leaving)] + self.left() }
            self.phase = .ending(.leaving)
            return [.report(.leaving), .leave] + [.drainNotice, .drainLimit].map { .wake($0, after: $0.after) }
        case .selectorConflict(let annotation, let origin):
            // The Service may lead to the proxy, which passes its traffic through: nothing of it may go.
            return [.report(.uncertain(annotation: annotation, origin: origin)), .dropTunnel]
                + self.over(.unfinished)
        case nil: return self.isControlled ? self.leaveToProxy() : [.dropTunnel] + self.over(.unfinished)
        }
        self.phase = .ending(.waitingForOriginals)
        return reports + [.waitForOriginals]
    }

    mutating func left() -> [Order] {
        self.phase = .ending(.deletingLease)
        self.tunnel = nil
        return [.dropTunnel, .deleteLease]
    }

    mutating func drained(_ isDrained: Bool) -> [Order] {
        let isDrained = isDrained || !self.hasSwitched
        self.phase = .ending(.cleaningUp(isDrained: isDrained))
        self.tunnel = nil
        return [.dropTunnel, .cleanUp(isDrained: isDrained)]
    }

    /// Has the proxy end the session: for when the controller is away. It drains as always, through the tunnel, which stays
    /// open meanwhile.
    private mutating func leaveToProxy() -> [Order] {
        guard self.hasProxy else { return [.report(.leftToController)] + self.over(.unfinished) }
        self.phase = .ending(.leavingToProxy)
        return [.report(.askingProxy), .askProxyToEnd]
    }

    private mutating func over(_ outcome: Outcome) -> [Order] {
        self.phase = .over(outcome)
        return []
    }

    /// Why the Service goes back.
    private var cause: RestoreCause {
        if case .requested(let request)? = self.end { return request.cause }
        return .ended(holder: self.holder.person)
    }
}
