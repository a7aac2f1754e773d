import Kubernetes
import Logging
import Session
import SessionEffects
import Tunnel

/// Leaving and ending: what a session's end does to the cluster.
extension ProxyRole {
    /// One session leaves; whatever the others have goes on.
    func leave(
        _ member: TunnelMember, _ reason: InClusterSession.Reason, _ cause: RestoreCause, saying state: SessionState?
    ) async {
        self.logger.notice("session leaves", metadata: ["reason": "\(reason)"])
        guard let client = self.client else { return }
        let cleanup = self.cleanup(client, of: member.holder.session)
        if let state { await self.insist(state, member, client) }
        await self.persist("leave") { () async throws(APIError) in try await cleanup.sayLeave() }
        // Who deleted the Lease has told it, as a rule.
        if reason != .leaseDeleted { await cleanup.recordLeave(cause) }
        await self.pod.drain(session: member.holder.session.description, limit: Self.drainLimit)
        await self.persist("leave") { () async throws(APIError) in try await cleanup.deleteLease() }
        self.said[member.holder.session] = nil
        self.take(.left(member.holder.session))
    }

    func end(
        _ member: TunnelMember, _ reason: InClusterSession.Reason, _ cause: RestoreCause, saying state: SessionState?
    ) async {
        self.logger.notice("tunnel ends", metadata: ["reason": "\(reason)"])
        guard let client = self.client else { return self.endedSource.finish() }
        let cleanup = self.cleanup(client, of: member.holder.session)
        self.pod.setPassThrough(true)
        if let state { await self.insist(state, member, client) }
        guard await self.restore(cleanup, cause, client) != .shared else {
            self.pod.setPassThrough(false)
            self.ending = nil
            self.take(.othersCame)
            if self.isTerminating { self.take(.terminationRequested) }
            return
        }
        _ = await cleanup.waitForOriginals(within: .seconds(30))
        await self.pod.drain(
            // A mirror has no caller's connection: all of them are the originals'.
            limit: reason.isHandOver || member.isMirror ? Self.passThroughLimit : Self.drainLimit,
            lateConnectionGrace: InClusterSession.lateConnectionGrace)
        await self.persist("clean up") { () async throws(APIError) in
            try await cleanup.deleteObjects()
            try await cleanup.deleteLeases()
            try await cleanup.deleteAccount()
        }
        self.endedSource.finish()
    }

    /// How often a restore that only a person can make possible is tried again.
    private static let stuckPause = Duration.seconds(2)

    /// Restores the Service, unless others have come. While its own selector is uncertain, or the rights for it are gone,
    /// traffic passes through here: an end of this pod would leave callers without an answer.
    private func restore(
        _ cleanup: SessionCleanup, _ cause: RestoreCause, _ client: KubernetesClient
    ) async -> RestoreOutcome? {
        while true {
            var outcome: RestoreOutcome?
            let isDone = await self.persist("restore") { () async throws(APIError) in
                outcome = try await cleanup.end(cause, withOthers: false)
                self.logger.notice("service restored", metadata: ["outcome": "\(outcome.map { "\($0)" } ?? "")"])
            }
            var isUncertain = false
            if case .selectorConflict = outcome { isUncertain = true }
            if outcome == .restored { self.restores[cause.reason, default: 0] += 1 }
            self.isStuck = !isDone || isUncertain
            guard self.isStuck else { return outcome }
            if isUncertain {
                for (member, _) in self.machine.states { try? await self.say(.uncertain, member, client) }
            }
            try? await Task.sleep(for: Self.stuckPause)
        }
    }

    func terminate(saying states: [(TunnelMember, SessionState)]) async {
        if let client = self.client {
            // Before the restore: the plugins tell by it that no other client has changed the Service.
            await withTaskGroup(of: Void.self) { group in
                for (member, state) in states { group.addTask { try? await self.say(state, member, client) } }
            }
            let person = states.first?.0.holder.person ?? "another user"
            let cause = RestoreCause.proxyEnds(holder: person)
            await self.persist("restore") { () async throws(APIError) in
                if try await self.isSuperseded(client) { return }
                guard try await self.cleanup(client).restoreService(cause) == .restored else { return }
                self.restores[cause.reason, default: 0] += 1
            }
            self.sendAll(.terminating)
            _ = await self.cleanup(client).waitForOriginals(within: .seconds(10))
        }
        await self.pod.drain(limit: Self.drainLimit, lateConnectionGrace: InClusterSession.lateConnectionGrace)
        await self.exit()
    }

    /// Whether another pod has taken this one's place. One that may not list Leases cannot know, and restores.
    private func isSuperseded(_ client: KubernetesClient) async throws(APIError) -> Bool {
        do throws(APIError) {
            let leases = try await client.sessionLeases(self.names, in: self.configuration.namespace)
            return self.machine.isSuperseded(by: leases)
        } catch {
            guard error.code == .forbidden else { throw error }
            return false
        }
    }

    /// How often what is left is tried to be deleted: nobody waits for it, and the grace period is short.
    private static let remainsAttempts = 5

    /// Goes, with whatever nobody else may delete.
    func exit() async {
        if let client = self.client {
            for _ in 0..<Self.remainsAttempts {
                do throws(APIError) {
                    try await self.cleanup(client).deleteRemains()
                    break
                } catch {
                    guard error.isTransient else { break }
                    try? await Task.sleep(for: .milliseconds(200))
                }
            }
        }
        self.endedSource.finish()
    }

    func cleanup(_ client: KubernetesClient, of session: SessionID? = nil) -> SessionCleanup {
        SessionCleanup(
            client: client, namespace: self.configuration.namespace, service: self.configuration.service,
            tunnel: self.machine.id, session: session ?? self.machine.id,
            slices: ResourceType<EndpointSlice>.endpointSlices(beta: self.configuration.usesBetaSlices))
    }

    /// How many refusals it takes to believe that the rights are gone, and not just new or a token late: about 13 s.
    static let refusals = 10

    /// Tries until it works: no other client may be there to do it. Traffic passes through meanwhile.
    ///
    /// - Returns: Whether it did; not when the rights for it are gone.
    @discardableResult
    func persist(_ what: String, _ body: () async throws(APIError) -> Void) async -> Bool {
        var pause = Duration.milliseconds(100)
        var refusals = 0
        while true {
            do throws(APIError) {
                try await body()
                return true
            } catch {
                // Without its account this pod can do nothing more: as a rule, another client has cleaned up.
                if error.code == .unauthorized || error.code == .forbidden {
                    refusals += 1
                    if refusals == Self.refusals { return false }
                }
                self.logger.warning("\(what) failed", metadata: ["error": .string(error.message)])
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(2))
            }
        }
    }
}
