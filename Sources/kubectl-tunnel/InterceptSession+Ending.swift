import Kubernetes
import PluginConsole
import PluginSession
import Session
import SessionEffects
import Tunnel

extension InterceptSession {
    /// Makes a deleted origin Service anew under its address: while the session comes to its end, that is the way to the
    /// original pods.
    func bringOriginBack() async {
        guard let host = self.originHost else { return }
        let origin = self.objects.origin(address: host)
        do throws(APIError) {
            try await self.client.create(.services, origin, in: self.namespace)
        } catch {
            guard error.code != .alreadyExists else { return }
            self.report.detail("service/\(self.objects.names.origin) stays away: \(error.message)")
        }
    }

    func finish(_ end: SessionEnd) async {
        self.reconnecting?.cancel()
        await self.reconnecting?.value
        guard self.hasBegun else { return }
        var cause = RestoreCause.ended(holder: self.objects.holder.person)
        let action = self.isSwitched ? "restoring service/\(self.serviceName)" : "cleaning up"
        switch end {
        case .asked(let why): self.report.event("ending", "\(why): \(action)")
        case .commandEnded(let code): self.report.event("ending", "the command has ended (\(code)): \(action)")
        case .requested(let request):
            cause = request.cause
            self.report.event("ending", "\(request.text): \(action)")
        case .displaced(let what): self.report.event("displaced", "\(what): the intercept ends")
        case .failed(let error):
            let what = (error as? PluginFailure)?.summary ?? "\(error)"
            self.report.event("failed", "\(what): \(action)")
        }
        var isUncertain = false
        await self.persist("restore service/\(self.serviceName)") { () async throws(APIError) in
            switch try await self.undo.restoreService(cause) {
            case .restored: self.report.event("restored", "service/\(self.serviceName) is restored")
            case .displaced, .untouched, .serviceGone: break
            case .disagreement(let annotation, let origin):
                isUncertain = true
                self.report.event(
                    "uncertain",
                    "service/\(self.serviceName) is still switched, and the proxy passes its traffic through: its own selector is \(annotation) or \(origin); say which with `kubectl tunnel restore \(self.serviceName) --selector KEY=VALUE,…`"
                )
            }
        }
        guard !isUncertain else { return }
        _ = await self.undo.waitForOriginals(within: .seconds(30))
        await self.drain()
        await self.carrier?.close()
        await self.persist("clean up") { () async throws(APIError) in
            try await self.undo.deleteObjects()
            try await self.undo.deleteAccount()
            try await self.undo.deleteLease()
        }
        self.report.event("ended", "the session has ended, and what it created is deleted")
    }

    /// Lets open connections come to their end; a second Ctrl-C does not wait for them.
    private func drain() async {
        guard let carrier = self.carrier else { return }
        let (drained, source) = AsyncStream.makeStream(of: Void.self)
        self.drained = source
        carrier.end.send(control: ControlLine.drain.text)
        self.report.detail("waiting for open connections to become quiet")
        let events = self.events
        let waiter = Task {
            for await event in events {
                switch event {
                case .interrupted: source.finish()
                case .tunnel(_, .control(let text)) where ControlLine(text) == .drained: source.finish()
                case .tunnel(_, .closed): source.finish()
                default: break
                }
            }
        }
        let limit = Task {
            try? await Task.sleep(for: .seconds(35))
            source.finish()
        }
        for await _ in drained {}
        waiter.cancel()
        limit.cancel()
    }

    /// Tries until it works, for as long as the cluster itself would take to restore.
    private func persist(_ action: String, _ body: () async throws(APIError) -> Void) async {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(self.objects.leaseDurationSeconds + 10)
        while true {
            do throws(APIError) {
                return try await body()
            } catch {
                guard clock.now < deadline else {
                    return self.report.event(
                        "undone", "could not \(action): \(error.message); the cluster does it by itself")
                }
                self.report.detail("could not \(action): \(error.message); trying again")
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
    }
}
