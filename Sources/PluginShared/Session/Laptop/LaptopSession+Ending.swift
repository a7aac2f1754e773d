/// The way back: the Service first, then the connections, then everything that was created.
extension LaptopSession {
    /// How far that is.
    enum EndStep: Sendable, Equatable {
        /// What is under way comes to its end.
        case stopping
        case restoring
        case waitingForOriginals
        /// Open connections come to their end; whether nodes have stopped to send new ones.
        case draining(areLateOnesOver: Bool)
        case cleaningUp(isDrained: Bool)
        /// The controller is away, and the proxy is asked.
        case leavingToProxy
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
            guard self.hasBegun else { return self.over(isCleanedUp: true) }
            self.phase = .ending(.restoring)
            return [.report(.ending(isSwitched: self.isSwitched)), .restore(self.cause)]
        case (.restored(let outcome), .restoring): return self.restored(outcome)
        case (.originalsReady, .waitingForOriginals):
            guard self.tunnel != nil else { return self.drained(false) }
            self.phase = .ending(.draining(areLateOnesOver: false))
            return [.drain] + [.lateConnections, .drainNotice, .drainLimit].map { .wake($0, after: $0.after) }
        case (.drained, .draining): return self.drained(true)
        case (.woken(.lateConnections), .draining):
            self.phase = .ending(.draining(areLateOnesOver: true))
            return self.skipsDrain ? self.drained(true) : []
        case (.woken(.drainNotice), .draining): return [.report(.draining)]
        case (.woken(.drainLimit), .draining): return self.drained(false)
        case (.cleanedUp(true), .cleaningUp): return [.report(.ended)] + self.over(isCleanedUp: true)
        case (.cleanedUp(false), .cleaningUp):
            return self.isControlled ? self.leaveToProxy() : self.over(isCleanedUp: false)
        case (.proxyAnswered(let isOver), .leavingToProxy):
            return [.dropTunnel, .report(isOver ? .ended : .proxyNotDone)] + self.over(isCleanedUp: isOver)
        default: return []
        }
    }

    /// A second Ctrl-C does not wait for connections, but for nodes that still send new ones to the proxy.
    private mutating func skipDrain(_ step: EndStep) -> [Order] {
        self.skipsDrain = true
        return switch step {
        case .draining(areLateOnesOver: true): self.drained(true)
        case .leavingToProxy: [.stopAsking]
        default: []
        }
    }

    private mutating func restored(_ outcome: RestoreOutcome?) -> [Order] {
        var reports: [Order] = []
        switch outcome {
        case .restored: reports = [.report(.restored)]
        case .untouched: if case .displaced = self.end { reports = [.report(.displaced)] }
        case .displaced, .serviceGone: break
        case .selectorConflict(let annotation, let origin):
            // The Service may lead to the proxy, which passes its traffic through: nothing of it may go.
            return [.report(.uncertain(annotation: annotation, origin: origin)), .dropTunnel]
                + self.over(isCleanedUp: false)
        case nil: return self.isControlled ? self.leaveToProxy() : [.dropTunnel] + self.over(isCleanedUp: false)
        }
        self.phase = .ending(.waitingForOriginals)
        return reports + [.waitForOriginals]
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
        guard self.hasProxy else { return [.report(.leftToController)] + self.over(isCleanedUp: false) }
        self.phase = .ending(.leavingToProxy)
        return [.report(.askingProxy), .askProxyToEnd]
    }

    private mutating func over(isCleanedUp: Bool) -> [Order] {
        self.phase = .over(isCleanedUp: isCleanedUp)
        return []
    }

    /// Why the Service goes back.
    private var cause: RestoreCause {
        if case .requested(let request)? = self.end { return request.cause }
        return .ended(holder: self.holder.person)
    }
}
