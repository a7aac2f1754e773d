import NIOCore

/// Brings the connections of one port back to the laptop: does what `Recall` orders.
final class PortRecall {
    /// How often the connections are looked at: 50 ms, since `DrainStalls` takes 100 ms for a stop of this process.
    private static let interval: Duration = .milliseconds(50)

    private let port: ProxyPort
    private let core: PodCore
    private var recall = Recall()
    private var tick: RepeatedTask?
    private var stalls = DrainStalls(now: .zero)

    /// Makes one for a port whose connections go to the laptop.
    init(port: ProxyPort, core: PodCore) {
        self.port = port
        self.core = core
    }

    /// Whether connections that pass through are to come again.
    var isOn: Bool { self.recall.isOn }

    /// A connection of the port passes through.
    func passedThrough() {
        self.recall.passedThrough(now: MonotonicTime.now())
        guard self.tick == nil else { return }
        self.stalls = DrainStalls(now: MonotonicTime.now())
        let interval = TimeAmount(PortRecall.interval)
        let bound = NIOLoopBound(self, eventLoop: self.core.loop)
        self.tick = self.core.loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            bound.value.timePassed()
        }
    }

    /// The laptop took a connection of the port, or did not.
    func laptop(answers: Bool) {
        let wasOn = self.recall.isOn
        if answers { self.recall.answered() } else { self.recall.refused(now: MonotonicTime.now()) }
        self.isOnChanged(from: wasOn)
    }

    /// Looks no more.
    func stop() {
        self.tick?.cancel()
        self.tick = nil
    }

    private func isOnChanged(from wasOn: Bool) {
        guard self.recall.isOn != wasOn else { return }
        self.core.endsChanged(at: self.port)
    }

    private func timePassed() {
        let now = MonotonicTime.now()
        let passing = self.core.passingThrough(at: self.port)
        _ = self.stalls.look(now: now, isTunnelLate: false)
        let wasOn = self.recall.isOn
        let order = self.recall.timePassed(
            now: now, passing: passing.count, isUsable: self.core.usableLink(for: self.port.route) != nil)
        self.isOnChanged(from: wasOn)
        switch order {
        case .nothing: break
        case .ask:
            RouteProbe.ask(
                self.port.route, on: self.core.usableLink(for: self.port.route), loop: self.core.loop,
                timeout: self.core.timing.endingLimit
            ) { self.laptop(answers: $0) }
        case .endQuiet:
            // There is no hurry: a connection that is never silent for long stays.
            for connection in passing
            where connection.isQuiet(now: now, drainingSince: now, stalls: self.stalls, roundTrip: .zero) {
                connection.end()
            }
        case .stop: self.stop()
        }
    }
}
