import Kubernetes
import PluginConsole
import PluginSession
import Session
import SessionEffects
import Tunnel

extension InterceptSession {
    func keepLease() {
        let keeper = LeaseKeeper(
            client: self.client, namespace: self.namespace, name: self.objects.names.lease,
            holder: self.objects.holder, durationSeconds: self.objects.leaseDurationSeconds)
        let source = self.eventSource
        self.background.append(
            Task {
                await keeper.run { event in
                    switch event {
                    case .endRequested(let request): source.yield(.endRequested(request))
                    case .slept(let duration): source.yield(.slept(duration))
                    case .lost(let reason): source.yield(.leaseLost(reason))
                    }
                }
            })
    }

    func watchObjects() {
        let (watch, source) = (ObjectWatch(client: self.client, objects: self.objects), self.eventSource)
        self.background.append(Task { await watch.run { source.yield(.objectDeleted($0)) } })
    }

    func watchPods() {
        let (pods, source) = (self.proxyPod, self.eventSource)
        self.background.append(Task { await pods.watchDeletions { source.yield(.podDeleted($0)) } })
    }

    /// Restores the Service as soon as the pod that it leads to is being deleted. Its proxy does so when the kubelet tells
    /// it, a second later or more; the next pod may be an endpoint by then, and not listen yet.
    func leavePod(_ pod: String) async {
        guard self.isSwitched, pod == self.servingPod else { return }
        // Before, or the watch shows it first, and it looks like another client's.
        self.servingPod = nil
        do {
            let outcome = try await self.restore(.proxyEnds(holder: self.objects.holder.person))
            if outcome == .restored { self.reportEndingProxy() }
        } catch {
            // The next may be switched to by now. What a controller was asked for it may do later.
            if !self.prepared.isControlled { self.servingPod = self.servingPod ?? pod }
        }
    }

    private func reportEndingProxy() {
        self.report.event("proxy-ends", "the proxy's pod is being deleted: the Service was restored meanwhile")
    }

    func watchService() {
        let (client, name, namespace, source) = (self.client, self.serviceName, self.namespace, self.eventSource)
        self.background.append(
            Task {
                while !Task.isCancelled {
                    do {
                        if try await client.find(.services, name, in: namespace) == nil { source.yield(.service(nil)) }
                        for try await event in client.watch(.services, name: name, in: namespace) {
                            switch event {
                            case .added(let service), .modified(let service): source.yield(.service(service))
                            case .deleted: source.yield(.service(nil))
                            case .other: break
                            }
                        }
                    } catch {
                        // The renewals tell when the API is away for good.
                    }
                    try? await Task.sleep(for: .milliseconds(500))
                }
            })
    }

    /// Hears that a local port has no listener before a caller is refused.
    func watchLocalPorts() {
        guard self.command == nil, self.request.address.isLoopback else { return }
        let watch = LocalPortWatch(ports: Set(self.objects.plan.listeners.compactMap(\.localPort)))
        self.background.append(Task { await watch.run { port, listens in self.local(port, listens: listens) } })
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

    func take(_ event: LaptopEvent) {
        if case .closed = event {
            // It is no more: an end has nothing to drain then.
            let lost = self.tunnel
            self.tunnel = nil
            self.background.append(Task { await lost?.close() })
        }
        switch event {
        case .localDown(let route, let reason):
            self.report.event(
                "local-down",
                "local process for \(route) does not answer (\(reason)): traffic goes to the original pods",
                ["route": .string(route)])
            self.tunnel?.end.send(control: ControlLine.localDown(route: route).text)
        case .localUp(let route):
            self.tunnel?.end.send(control: ControlLine.localUp(route: route).text)
            self.report.event(
                "local-up", "local process for \(route) answers again: traffic comes here", ["route": .string(route)])
        case .unanswered(let route):
            self.report.event(
                "unanswered",
                "the local process has not answered a caller of \(route) for 5 s: callers wait as long as it does, as at a breakpoint",
                ["route": .string(route)])
        case .suspect: self.report.detail("the tunnel is slow: new connections go to the original pods")
        case .recovered: self.report.detail("the tunnel answers again")
        case .closed where !self.isSwitched && self.reconnecting == nil:
            // Setting up waits for an answer that will not come now.
            self.checked?.finish()
        case .closed(let reason, let afterSilence):
            self.report.event(
                "link-lost", "tunnel lost (\(reason)): traffic goes to the original pods; reconnecting")
            self.checked?.finish()
            self.reconnect(afterSilence: afterSilence)
        case .control(let text):
            switch ControlLine(text) {
            case .checked(let obstacle, let refusing):
                self.checked?.yield(.checked(obstacle: obstacle, refusing: refusing))
            case .drained: self.drained?.yield(true)
            case .terminating:
                if self.servingPod != nil { self.reportEndingProxy() }
                self.background.append(Task { await self.endUnlessWanted() })
            case .callersRefused(let limit):
                self.report.event(
                    "callers-refused",
                    "new callers are refused: \(limit) connections are open, as many as the proxy's open files allow")
            case .check, .drain, .localDown, .localUp, nil: break
            }
        }
    }
}
