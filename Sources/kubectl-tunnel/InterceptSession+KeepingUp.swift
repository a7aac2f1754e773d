import Kubernetes
import PluginConsole
import PluginSession
import Session
import SessionEffects
import Tunnel

extension InterceptSession {
    func keepLease() {
        let keeper = LeaseKeeper(
            client: self.client, namespace: self.namespace, name: self.objects.leaseName,
            holder: self.objects.holder, durationSeconds: self.objects.leaseDurationSeconds)
        self.inBackground {
            await keeper.run { event in
                switch event {
                case .endRequested(let request): self.tell(.endRequested(request))
                case .slept(let duration): self.hear(.slept(duration))
                case .lost(let reason): self.tell(.lost(.lease(reason)))
                }
            }
        }
    }

    func watchObjects() {
        let watch = ObjectWatch(client: self.client, objects: self.objects)
        self.inBackground { await watch.run { self.tell(.lost(.object($0))) } }
    }

    func watchPods() {
        let pods = self.proxyPod
        self.inBackground { await pods.watchDeletions { self.tell(.podDeleted($0)) } }
    }

    func watchService() {
        let (client, name, namespace) = (self.client, self.serviceName, self.namespace)
        self.inBackground {
            while !Task.isCancelled {
                do {
                    if try await client.find(.services, name, in: namespace) == nil { self.tell(.serviceSeen(nil)) }
                    for try await event in client.watch(.services, name: name, in: namespace) {
                        switch event {
                        case .added(let service), .modified(let service): self.tell(.serviceSeen(service))
                        case .deleted: self.tell(.serviceSeen(nil))
                        case .other: break
                        }
                    }
                } catch {
                    // The renewals tell when the API is away for good.
                }
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
    }

    /// Hears that a local port has no listener before a caller is refused.
    func watchLocalPorts() {
        guard self.command == nil, self.request.address.isLoopback else { return }
        let watch = LocalPortWatch(ports: Set(self.objects.plan.listeners.compactMap(\.localPort)))
        self.inBackground { await watch.run { port, listens in await self.local(port, listens: listens) } }
    }

    private func local(_ port: Int, listens: Bool) {
        if listens { self.silentPorts.remove(port) } else { self.silentPorts.insert(port) }
        self.tunnel?.end.local(routes(to: [port]), listens: listens)
    }

    /// What the tunnel calls the ports of the Service that go to local ones.
    func routes(to ports: Set<Int>) -> [String] {
        self.objects.plan.listeners.filter { $0.localPort.map(ports.contains) ?? false }
            .map { $0.route(of: self.serviceName) }
    }

    func take(_ event: LaptopEvent, from number: Int) {
        if case .closed(let reason, let afterSilence) = event {
            return self.handle(.tunnelClosed(number, reason: reason, afterSilence: afterSilence))
        }
        guard let tunnel, number == self.tunnelNumber else { return }
        switch event {
        case .localDown(let route, let reason):
            self.report.event(
                "local-down",
                "local process for \(route) does not answer (\(reason)): \(self.words.elsewhere)",
                ["route": .string(route)])
            tunnel.end.send(control: ControlLine.localDown(route: route).text)
        case .localUp(let route):
            tunnel.end.send(control: ControlLine.localUp(route: route).text)
            self.report.event(
                "local-up", "local process for \(route) answers again: \(self.words.here)", ["route": .string(route)])
        case .unanswered(let route):
            // Nobody waits for a mirror's.
            guard !self.objects.isMirror else { break }
            self.report.event(
                "unanswered",
                "the local process has not answered a caller of \(route) for 5 s: callers wait as long as it does, as at a breakpoint",
                ["route": .string(route)])
        case .suspect:
            self.report.detail("the tunnel does not answer")
            self.handle(.tunnelSuspect)
        case .recovered:
            self.report.detail("the tunnel answers again")
            self.inBackground { await self.takeSilenceBack() }
            self.handle(.tunnelRecovered)
        case .control(let text): self.take(ControlLine(text))
        case .closed: break
        }
    }

    /// Losses are told as they grow, which the proxy looks at now and then.
    private func copiesCounted(_ count: Int, _ lost: [String: Int]) {
        let isNews = lost != self.copies?.lost ?? [:]
        self.copies = (count, lost)
        guard isNews, self.session.end == nil, let text = SessionWords.text(lost: lost) else { return }
        self.report.event("copies-lost", "copies: \(text)")
    }

    private func take(_ line: ControlLine?) {
        switch line {
        case .checked(let obstacle, let refusing):
            self.checked?.yield(.checked(obstacle: obstacle, refusing: refusing))
        case .drained: self.handle(.drained)
        case .laptopDrained(let passing): self.handle(.laptopDrained(passing: passing))
        case .terminating: self.handle(.proxyTerminates)
        case .notRead(let route, let name):
            self.report.event(
                "not-read", "note: callers of \(route) speak \(name): their requests \(self.words.unread)")
        case .callersRefused(let limit):
            self.report.event(
                "callers-refused",
                "new callers are refused: \(limit) connections are open, as many as the proxy's open files allow")
        case .taken(let person): self.checked?.yield(.taken(by: person))
        case .mirrored(let count, let lost): self.copiesCounted(count, lost)
        case .check, .drain, .leave, .localDown, .localUp, nil: break
        }
    }
}
