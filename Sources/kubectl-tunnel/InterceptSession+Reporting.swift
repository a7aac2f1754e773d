import Kubernetes
import PluginConsole
import PluginSession
import Session
import SessionEffects
import Tunnel

extension InterceptSession {
    /// Says what happened.
    func report(_ report: LaptopSession.Report) {
        let service = "service/\(self.serviceName)"
        switch report {
        case .intercepting: self.announce()
        case .linkBack: self.report.event("link-back", "tunnel is back: \(self.words.here) again")
        case .linkLost(let reason):
            self.report.event(
                "link-lost", "tunnel lost (\(reason)): \(self.words.elsewhere); reconnecting")
        case .proxyEnds:
            self.report.event("proxy-ends", "the proxy's pod is being deleted: the Service was restored meanwhile")
        case .restoredMeanwhile(.proxySilent):
            self.report.event("proxy-silent", "the proxy does not answer: \(service) was restored meanwhile")
        case .restoredMeanwhile:
            self.report.event("proxy-missing", "no proxy is ready: \(service) was restored meanwhile")
        case .notYet(let reason): self.report.detail("not yet: \(reason)")
        case .ending(let isSwitched):
            self.reportEnd(isSwitched ? "ending the \(self.words.name) of \(service)" : "cleaning up")
        case .leaving:
            self.report.event("leaving", "others have the tunnel of \(service), which stays")
        case .restored: self.report.event("restored", "\(service) is restored")
        case .displaced: self.inBackground { await self.recordDisplacement() }
        case .uncertain(let annotation, let origin):
            self.report.event(
                "uncertain",
                "\(service) is still switched, and the proxy passes its traffic through: its own selector is \(annotation) or \(origin); say which with `kubectl tunnel restore \(self.serviceName) --selector KEY=VALUE,…`"
            )
        case .draining: self.reportDrain()
        case .left:
            self.tellCopies()
            self.report.event("ended", "the session has ended; the tunnel goes on")
        case .ended:
            self.tellCopies()
            self.report.event("ended", "the session has ended, and what it created is deleted")
        case .handedOver:
            self.tellCopies()
            self.report.event(
                "handed-over",
                "connections still pass through the proxy: it deletes itself when they have ended, in 10 min at most")
        case .leftToController: self.report.event("cleanup", "the controller cleans up when it is back")
        case .askingProxy: self.report.event("proxy-asked", "the proxy ends the session; Ctrl-C does not wait for it")
        case .proxyNotDone:
            self.report.event("cleanup", "the proxy has not ended the session yet: see `kubectl tunnel list`")
        }
    }

    /// What a mirror has got, as the proxy last said.
    private func tellCopies() {
        guard let copies else { return }
        let lost = SessionWords.text(lost: copies.lost)
        self.report.event(
            "copies", "\(copies.count) copies came here" + (lost.map { "; \($0)" } ?? ""),
            ["copies": .integer(Int64(copies.count)), "lost": .integer(Int64(copies.lost.values.reduce(0, +)))])
    }

    var words: SessionWords { SessionWords(isMirror: self.objects.isMirror) }

    var recorder: EventRecorder { EventRecorder(client: self.client, namespace: self.namespace) }

    private func reportEnd(_ action: String) {
        switch self.session.end {
        case .asked(let why): self.report.event("ending", "\(why): \(action)")
        case .commandEnded(let code): self.report.event("ending", "the command has ended (\(code)): \(action)")
        case .requested(let request): self.report.event("ending", "\(request.text): \(action)")
        case .displaced(let what): self.report.event("displaced", "\(what): the \(self.words.name) ends")
        case .failed(let error): self.report.event("failed", "\(error): \(action)")
        case nil: break
        }
    }

    private func reportDrain() {
        guard let count = self.tunnel?.end.streamCount else { return }
        let what = count == 0 ? "connections" : count == 1 ? "1 connection" : "\(count) connections"
        self.report.event("draining", "waiting up to 30 s for \(what); Ctrl-C again does not wait")
    }

    /// Says so on a Service that another client has restored together with its marks: nobody else can tell any more.
    private func recordDisplacement() async {
        guard let service = try? await self.client.find(.services, self.serviceName, in: self.namespace) else { return }
        await self.recorder.record(.displaced, on: service)
    }
}
