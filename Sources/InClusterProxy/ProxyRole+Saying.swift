import Kubernetes
import Session
import Tunnel

/// What the proxy writes into its sessions' Leases.
extension ProxyRole {
    /// How long before a state is said again that the API server did not take.
    private static let statePause = Duration.milliseconds(500)

    /// Writes states as they change, the newest only. A plugin takes a proxy that does not say that it passes through for
    /// dead: what the API server did not take is said again.
    func writeStates(_ client: KubernetesClient) async {
        for await _ in self.changes {
            var refusals: [SessionID: Int] = [:]
            while self.ending == nil, !Task.isCancelled {
                let unsaid = self.unsaid.filter { refusals[$0.member.holder.session] ?? 0 < Self.refusals }
                if unsaid.isEmpty { break }
                var hasFailed = false
                for (member, state) in unsaid {
                    do throws(APIError) {
                        try await self.say(state, member, client)
                    } catch {
                        hasFailed = true
                        // It may be another session's Lease by now, or the rights are gone.
                        if !error.isTransient { refusals[member.holder.session, default: 0] += 1 }
                    }
                }
                if hasFailed { try? await Task.sleep(for: Self.statePause) }
            }
        }
    }

    /// How often it is said what came to the laptops, where that has changed.
    private static let trafficPause = Duration.seconds(10)

    /// Writes what came to each laptop, for `list`. What the API server does not take is said with the next.
    func writeTraffic(_ client: KubernetesClient) async {
        var said: [SessionID: SessionTraffic] = [:]
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.trafficPause)
            guard self.ending == nil, let figures = await self.pod.figures() else { continue }
            for member in self.machine.current {
                let session = member.holder.session
                guard let traffic = figures.traffic(of: session.description), said[session] != traffic else { continue }
                let patch = Lease.annotation(Key.traffic, traffic.description, holder: member.holder)
                let lease = try? await client.patch(.leases, member.lease, in: self.configuration.namespace, patch)
                if lease != nil { said[session] = traffic }
            }
        }
    }

    /// Tells the plugins of mirrors what they did not get, where that has changed.
    func tellLosses() async {
        var told: [String: [CopyLoss: Int]] = [:]
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.trafficPause)
            guard let mirrors = await self.pod.figures()?.mirrors else { continue }
            for (session, figures) in mirrors where figures.lost != told[session] ?? [:] {
                self.send(figures.line, to: session)
                told[session] = figures.lost
            }
        }
    }

    private var unsaid: [(member: TunnelMember, state: SessionState)] {
        self.machine.states.filter { self.said[$0.member.holder.session] != $0.state }
    }

    /// Writes the state by which the plugin knows that the session is over, before the Service shows it: it would switch to
    /// this proxy again. Whether or not that is to be had, the Service goes back.
    func insist(_ state: SessionState, _ member: TunnelMember, _ client: KubernetesClient) async {
        for _ in 0..<Self.refusals {
            do throws(APIError) {
                return try await self.say(state, member, client)
            } catch {
                guard error.isTransient else { return }
                try? await Task.sleep(for: Self.statePause)
            }
        }
    }

    func say(
        _ state: SessionState, _ member: TunnelMember, _ client: KubernetesClient
    ) async throws(APIError) {
        // The plugin sees by the key that it has connected to this proxy; another pod's it would take for a stranger's.
        let hasLink = state == .active || state == .localDown
        let hadLink = self.machine.hasConnected(member.holder.session)
        let patch = Lease.stateChange(
            state, holder: member.holder, proxyKey: hasLink ? self.publicKey : nil,
            formerKey: !hasLink && hadLink ? self.publicKey : nil)
        _ = try await client.patch(.leases, member.lease, in: self.configuration.namespace, patch)
        self.said[member.holder.session] = state
    }
}
