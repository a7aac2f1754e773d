import Kubernetes
import PluginConsole
import PluginSession
import Session
import SessionEffects
import Tunnel

extension InterceptSession {
    /// Creates a deleted origin Service again under its address: while the session comes to its end, that leads to the
    /// original pods.
    ///
    /// - Returns: Whether it was gone, and is there again.
    func bringOriginBack() async -> Bool {
        let origin = self.objects.names.origin
        guard (try? await self.client.has(.services, origin, in: self.namespace)) == false else { return false }
        do {
            try await self.write(.bringOriginBack(address: self.originHost))
            return true
        } catch {
            self.report.detail("service/\(origin) stays away: \((error as? PluginFailure)?.summary ?? "\(error)")")
            return false
        }
    }

    /// Restores the Service, and then deletes what was created.
    ///
    /// - Returns: Whether all of it was done.
    func finish(_ end: SessionEnd) async -> Bool {
        self.reconnecting?.cancel()
        await self.reconnecting?.value
        await self.stopKeepingEndingPods()
        guard self.hasBegun else { return true }
        self.listenWhileEnding()
        let cause = self.announce(end)
        let outcome = await self.persist("restore service/\(self.serviceName)") {
            try await self.writes.perform(.restore(cause)) ?? .untouched
        }
        switch outcome {
        case .restored: self.report.event("restored", "service/\(self.serviceName) is restored")
        case .untouched: if case .displaced = end { await self.tellOfDisplacement() }
        case .displaced, .serviceGone: break
        case .selectorConflict(let annotation, let origin):
            self.report.event(
                "uncertain",
                "service/\(self.serviceName) is still switched, and the proxy passes its traffic through: its own selector is \(annotation) or \(origin); say which with `kubectl tunnel restore \(self.serviceName) --selector KEY=VALUE,…`"
            )
            fallthrough
        case nil:
            if self.prepared.isControlled, outcome == nil { return await self.leaveToProxy() }
            // The Service may lead to the proxy, which passes its traffic through: nothing of it may go.
            await self.tunnel?.close()
            return false
        }
        _ = await self.cleanup.waitForOriginals(within: .seconds(30))
        let isDrained = await self.drain() || !self.hasSwitched
        await self.tunnel?.close()
        let isClean = await self.persist("clean up") {
            _ = try await self.writes.perform(.cleanUp(isDrained: isDrained))
            return true
        }
        if isClean == nil { return self.prepared.isControlled ? await self.leaveToProxy() : false }
        self.report.event("ended", "the session has ended, and what it created is deleted")
        return true
    }

    /// Says why the session ends.
    ///
    /// - Returns: What the Event on the Service is to say.
    private func announce(_ end: SessionEnd) -> RestoreCause {
        let action = self.isSwitched ? "restoring service/\(self.serviceName)" : "cleaning up"
        switch end {
        case .asked(let why): self.report.event("ending", "\(why): \(action)")
        case .commandEnded(let code): self.report.event("ending", "the command has ended (\(code)): \(action)")
        case .requested(let request):
            self.report.event("ending", "\(request.text): \(action)")
            return request.cause
        case .displaced(let what): self.report.event("displaced", "\(what): the intercept ends")
        case .failed(let error):
            let what = (error as? PluginFailure)?.summary ?? "\(error)"
            self.report.event("failed", "\(what): \(action)")
        }
        return .ended(holder: self.objects.holder.person)
    }

    /// Says so on a Service that another client has restored together with its marks: nobody else can tell any more.
    private func tellOfDisplacement() async {
        guard let service = try? await self.client.find(.services, self.serviceName, in: self.namespace) else { return }
        await EventRecorder(client: self.client, namespace: self.namespace).record(.displaced, on: service)
    }

    /// Lets open connections come to their end; a second Ctrl-C does not wait for them, but for nodes that still send new
    /// ones to the proxy.
    ///
    /// - Returns: Whether they have, or nobody wants to wait.
    private func drain() async -> Bool {
        guard let tunnel = self.tunnel else { return false }
        let (drained, source) = AsyncStream.makeStream(of: Bool.self)
        self.drained = source
        tunnel.end.send(control: ControlLine.drain.text)
        self.report.detail("waiting for open connections to become quiet")
        let nodesFollow = ContinuousClock.now + InClusterSession.lateConnectionGrace
        self.whenDrainIsSkipped {
            Task {
                try? await Task.sleep(until: nodesFollow)
                source.yield(true)
            }
        }
        let limit = Task {
            try? await Task.sleep(for: .seconds(35))
            source.yield(false)
        }
        let notice = Task { [report] in
            // Until then it is nodes that are waited for, and nobody has to know.
            try? await Task.sleep(for: InClusterSession.lateConnectionGrace + .seconds(2))
            guard !Task.isCancelled else { return }
            let count = tunnel.end.streamCount
            let what = count == 0 ? "connections" : count == 1 ? "1 connection" : "\(count) connections"
            report.event("draining", "waiting up to 30 s for \(what); Ctrl-C again does not wait")
        }
        var isDrained = false
        for await answer in drained {
            isDrained = answer
            break
        }
        limit.cancel()
        notice.cancel()
        return isDrained
    }

    /// Takes events in while the session ends. One task for all of it: one that is cancelled ends the stream for all others.
    private func listenWhileEnding() {
        let events = self.events
        self.background.append(
            Task {
                for await event in events {
                    switch event {
                    case .interrupted:
                        self.skipsDrain = true
                        self.onDrainSkipped?()
                    case .tunnel(_, .control(let text)) where ControlLine(text) == .drained: self.drained?.yield(true)
                    case .tunnel(let number, .closed) where number == self.tunnelNumber:
                        // It may be before the drain, which has nothing to wait for then.
                        let lost = self.tunnel
                        self.tunnel = nil
                        self.drained?.yield(false)
                        await lost?.close()
                    default: break
                    }
                }
            })
    }

    /// Does something at the next Ctrl-C, or now if there was one already.
    func whenDrainIsSkipped(_ body: @escaping @Sendable () -> Void) {
        self.onDrainSkipped = body
        if self.skipsDrain { body() }
    }

    /// Tries until it works, for as long as the cluster itself would take to restore; only once where a controller is asked.
    ///
    /// - Returns: `nil` when the time was up.
    private func persist<Value: Sendable>(_ action: String, _ body: () async throws -> Value) async -> Value? {
        let clock = ContinuousClock()
        let seconds = self.prepared.isControlled ? 0 : self.objects.leaseDurationSeconds + 10
        let deadline = clock.now + .seconds(seconds)
        while true {
            do {
                return try await body()
            } catch {
                guard clock.now < deadline else {
                    let rest =
                        self.objects.failsafe == .pluginOnly
                        ? "later, do it with `kubectl tunnel restore \(self.serviceName)`"
                        : "the cluster does it by itself"
                    self.report.event("cleanup", "could not \(action): \(error); \(rest)")
                    return nil
                }
                self.report.detail("could not \(action): \(error); trying again")
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
    }
}
