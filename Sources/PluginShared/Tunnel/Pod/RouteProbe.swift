import NIOCore

/// Asks the laptop whether a route's local process answers: a connection that is ended as soon as it was accepted.
final class RouteProbe: StreamPipeOwner {
    private let loop: any EventLoop
    private let timeout: Duration
    private var answered: ((Bool) -> Void)?

    private init(loop: any EventLoop, timeout: Duration, answered: @escaping (Bool) -> Void) {
        self.loop = loop
        self.timeout = timeout
        self.answered = answered
    }

    /// Asks; `answered` is called once, later or at once.
    ///
    /// - Parameter timeout: How long the local process may leave the connection open.
    static func ask(
        _ route: String, on link: TunnelLink?, loop: any EventLoop, timeout: Duration,
        answered: @escaping (Bool) -> Void
    ) {
        let probe = RouteProbe(loop: loop, timeout: timeout, answered: answered)
        // The stream keeps its owner. That a local process is slow to accept tells nothing of the link.
        let stream = link?.openStream(route: route, caller: "probe", owner: probe, isTimed: false)
        if stream == nil { probe.answer(false) }
    }

    private func answer(_ isAnswered: Bool) {
        let answered = self.answered
        self.answered = nil
        answered?(isAnswered)
    }

    func streamAccepted(_ stream: StreamPipe) {
        self.answer(true)
        stream.finish()
        self.loop.assumeIsolated().scheduleTask(in: TimeAmount(self.timeout)) { stream.reset() }
    }

    func pipeFailed(_ pipe: any BytePipe) {
        self.answer(false)
    }

    func pipe(_ pipe: any BytePipe, received bytes: ByteBuffer) {}

    func pipeReadComplete(_ pipe: any BytePipe) {}

    func pipeEnded(_ pipe: any BytePipe) {}

    func pipeWritabilityChanged(_ pipe: any BytePipe) {}
}
