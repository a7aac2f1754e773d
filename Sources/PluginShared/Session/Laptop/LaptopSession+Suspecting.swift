import Kubernetes

/// A tunnel that does not answer while the API server does: the proxy's node may be lost, with everybody's connections.
/// Restoring is cheap and harmless, so nobody waits until the tunnel is known to be dead.
extension LaptopSession {
    /// How long a tunnel has to answer before the Service is switched to it again; each time in a row twice as long.
    static let shortestCalm = Duration.seconds(2)
    static let longestCalm = Duration.seconds(30)
    /// After how long without a suspicion the next one counts as the first.
    static let forgottenAfter = Duration.seconds(60)

    mutating func tunnelSuspect() -> [Order] {
        self.isSuspect = true
        return self.phase == .serving && self.isSwitched ? [.lookAtAPI] : []
    }

    /// Without an answer of the API server this machine is offline as far as anybody can tell, and asks again.
    mutating func apiLooked(_ answers: Bool, now: Duration) -> [Order] {
        guard self.isSuspect, self.phase == .serving, self.isSwitched else { return [] }
        guard answers else { return [.lookAtAPI] }
        let count = self.lastSuspicion.map { now - $0.at < Self.forgottenAfter ? $0.count + 1 : 1 } ?? 1
        self.lastSuspicion = (now, count)
        self.phase = .connecting(Connecting(step: .suspecting, start: now, afterSilence: true))
        return self.restoreMeanwhile(.proxySilent(holder: self.holder.person))
    }

    mutating func tunnelRecovered() -> [Order] {
        guard self.connecting?.step == .suspecting else { return [] }
        self.connecting?.step = .pausing
        let doublings = min((self.lastSuspicion?.count ?? 1) - 1, 4)
        return [.pause(min(Self.shortestCalm * (1 << doublings), Self.longestCalm))]
    }
}
