import Kubernetes
import KubernetesViaKubectl
import PluginConsole
import PluginSession
import Session
import SessionEffects
import Tunnel

extension InterceptSession {
    func check(_ pod: String, isFirst: Bool) async throws -> LaptopSession.Event {
        if isFirst {
            try await self.report.step("reachability checked") { try await self.checkReachability(pod) }
        } else {
            await self.stopKeepingEndingPods()
            try await self.checkReachability(pod)
        }
        return .checked
    }

    /// Whether another session of the tunnel has done all of the switch.
    private func isSwitched() async throws -> Bool {
        let service = try await self.client.find(.services, self.serviceName, in: self.namespace)
        guard let service, service.isSwitched(to: self.objects.tunnel) else { return false }
        return !self.prepared.publishesNotReady || service.spec.publishNotReadyAddresses == true
    }

    /// From then on a switch cannot be empty.
    private func waitForWarmUp(_ pod: String) async throws {
        guard pod != self.firstPod else {
            // A session that has joined may be quicker, and the warm-up Service counts otherwise by then.
            return try await self.endpoints.forWarmUp(of: pod, within: .seconds(20), unless: self.isSwitched)
        }
        self.foundSwitched = try await self.isSwitched()
        if self.foundSwitched { return }
        try await self.write(.count(.ready))
        try await self.endpoints.forWarmUp(of: pod, within: .seconds(20), unless: self.isSwitched)
    }

    /// A pod with the proxy's labels and owners may be another client's: its key is not the one in the Lease then.
    private func checkKey(of pod: String) async throws {
        guard self.objects.failsafe != .pluginOnly, let key = await self.tunnel?.end.podKey()?.hex else { return }
        let name = self.objects.leaseName
        let deadline = ContinuousClock.now + Self.keyTimeout
        var pause = Duration.milliseconds(20)
        while try await self.client.find(.leases, name, in: self.namespace)?.metadata.annotation(Key.proxyKey) != key {
            guard ContinuousClock.now < deadline else {
                throw PluginFailure(
                    "pod/\(pod) does not prove that it is the proxy: its key is not that of lease/\(name)",
                    hint: "see who made it: `kubectl get pod \(pod) -o yaml`")
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 1.5, .milliseconds(250))
        }
    }

    /// How long the proxy may take to write its key, once the tunnel is up.
    private static let keyTimeout = Duration.seconds(10)

    /// What works today must work through the proxy, or nothing is switched.
    private func checkReachability(_ pod: String) async throws {
        async let warm: Void = self.waitForWarmUp(pod)
        async let key: Void = self.checkKey(of: pod)
        let (answers, source) = AsyncStream.makeStream(of: ControlLine.self)
        self.checked = source
        self.tunnel?.end.send(control: ControlLine.check.text)
        let answer = await withTaskGroup(of: ControlLine?.self) { group in
            group.addTask { await answers.first { _ in true } }
            group.addTask {
                try? await Task.sleep(for: .seconds(20))
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        _ = try await (warm, key)
        try Task.checkCancellation()
        if case .taken(let person)? = answer {
            throw PluginFailure(
                "service/\(self.serviceName) is intercepted by \(person), who was quicker",
                hint: "ask them to end it, or take it over with --take-over")
        }
        guard case .checked(let obstacle, let refusing)? = answer else {
            throw PluginFailure(
                "the proxy did not answer", hint: "see `kubectl logs deployment/\(self.objects.names.deployment)`")
        }
        guard obstacle != nil || !refusing.isEmpty,
            try await !self.cleanup.readyPods(of: self.objects.names.origin).isEmpty
        else { return }
        for route in refusing {
            self.report.event("note", "note: \(route) is refused by the original pods: nothing listens there")
        }
        guard let obstacle else { return }
        let summary = "the proxy cannot reach the original pods: \(obstacle)"
        guard self.request.isForced else {
            throw PluginFailure(
                summary, hint: "a NetworkPolicy may stand in the way: try --network-policy, or --force to go on without"
            )
        }
        self.report.event("note", "note: \(summary)")
    }

    func switchService(to pod: String, isFirst: Bool) async throws -> LaptopSession.Event {
        if isFirst {
            if self.foundSwitched {
                self.tell(.switchWritten(pod: pod))
            } else {
                try await self.report.step("service switched") { try await self.switchService(to: pod) }
            }
            self.watchService()
            self.watchLocalPorts()
        } else {
            try await self.switchService(to: pod)
        }
        return .switched(pod: pod)
    }

    private func switchService(to pod: String) async throws {
        if pod != self.firstPod, try await self.isSwitched() {
            self.tell(.switchWritten(pod: pod))
            return try await self.endpoints.forSwitch(to: pod, within: .seconds(20))
        }
        // Beside a pod that ends the Service must not publish pods that are not ready: it would get traffic again, up to
        // the moment in which it is gone, and longer where the endpoint controller lags behind. A session that has had
        // one pod only has none that ends.
        let isAlone = pod == self.firstPod ? try await self.proxyPod.isAlone() : false
        try await self.write(.switchService(publishNotReady: self.prepared.publishesNotReady && isAlone))
        self.tell(.switchWritten(pod: pod))
        if self.prepared.publishesNotReady, !isAlone { self.keepEndingPodsLater(than: pod) }
        try await self.endpoints.forSwitch(to: pod, within: .seconds(20))
    }

    private func keepEndingPodsLater(than pod: String) {
        self.keepingEndingPods = Task {
            while !Task.isCancelled {
                if (try? await self.keepEndingPods(after: pod)) != nil { return }
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
    }

    private func keepEndingPods(after pod: String) async throws {
        try await self.write(.count(.published))
        try await self.endpoints.untilAlone(pod)
        try await self.write(.keepEndingPods)
    }

    func stopKeepingEndingPods() async {
        self.keepingEndingPods?.cancel()
        await self.keepingEndingPods?.value
        self.keepingEndingPods = nil
    }
}
