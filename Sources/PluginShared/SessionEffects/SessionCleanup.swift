public import Kubernetes
public import Session

/// Ending a session, and with the last one its tunnel, over any client: the plugin, the proxy and `stop` run the same steps, also at the same time.
///
/// Every step may be repeated, and every write is guarded, so that nothing of a later tunnel is touched.
public struct SessionCleanup: Sendable {
    let client: KubernetesClient
    let namespace: String
    let names: SessionNames
    let tunnel: SessionID
    let session: SessionID
    private let slices: ResourceType<EndpointSlice>
    private let chosenSelector: [String: String]?

    /// How often a write that lost a race is tried again at once.
    public static let attempts = 20

    /// The cleanup of one session.
    ///
    /// - Parameters:
    ///   - tunnel: The tunnel that it has joined.
    ///   - chosenSelector: What a person says the Service's own selector is, where its two copies differ.
    public init(
        client: KubernetesClient, namespace: String, service: String, tunnel: SessionID, session: SessionID,
        slices: ResourceType<EndpointSlice>, chosenSelector: [String: String]? = nil
    ) {
        self.client = client
        self.namespace = namespace
        self.names = SessionNames(service: service)
        self.tunnel = tunnel
        self.session = session
        self.slices = slices
        self.chosenSelector = chosenSelector
    }

    /// Ends a dead session, without a drain: it leaves its tunnel, or the tunnel ends with it.
    ///
    /// - Throws: ``APIError`` when the server did not answer or refused; safe to call again.
    @discardableResult
    public func run(_ cause: RestoreCause) async throws(APIError) -> RestoreOutcome {
        let outcome = try await self.end(cause, withOthers: false)
        if outcome == .shared {
            try await self.deleteLease()
            return outcome
        }
        // Without the origin Service its selector would be lost.
        if case .selectorConflict = outcome { return outcome }
        _ = await self.waitForOriginals(within: .seconds(10))
        try await self.cleanUp(isDrained: false)
        return outcome
    }

    /// Deletes all that the tunnel has. Only for when the Service does not lead to its proxy any more.
    ///
    /// - Parameter isDrained: Whether the proxy has said that nothing more comes its way. Otherwise it is told to end first,
    ///   and gets the time to drain in which nodes may still send it connections.
    /// - Throws: ``APIError`` when the server did not answer; safe to call again.
    public func cleanUp(isDrained: Bool) async throws(APIError) {
        if !isDrained {
            try await self.deleteIfOurs(.deployments, self.names.deployment) { $0.metadata }
            await self.waitForProxyToEnd(within: Self.endLimit)
        }
        try await self.deleteObjects()
        try await self.deleteAccount()
        try await self.deleteLeases()
    }

    /// For how long a proxy that ends is waited for: it drains for 3 s after its last new connection, since kube-proxy writes
    /// its rules at most once a second by default, and a kubelet that is restarted takes 6 s to tell it to.
    private static let endLimit = Duration.seconds(10)

    /// Until then the origin Service, by which the proxy reaches the original pods, has to stay.
    private func waitForProxyToEnd(within limit: Duration) async {
        let clock = ContinuousClock()
        let start = clock.now
        while clock.now < start + limit, !Task.isCancelled {
            // Who may not see pods cannot know, and gives it the time. A container that was killed is not ready either, and
            // may be back before its kubelet has said so: nodes may follow late until then.
            let pods = try? await self.proxies()
            let mayBeBack = clock.now < start + InClusterSession.lateConnectionGrace
            if let pods, pods.isEmpty || (!mayBeBack && !pods.contains(where: \.serves)) { return }
            try? await Task.sleep(for: .milliseconds(200))
        }
    }

    /// The pods of the tunnel's proxy.
    func proxies() async throws(APIError) -> [Pod] {
        let labels = "\(Key.session)=\(self.tunnel),\(Key.component)=proxy"
        return try await self.client.list(.pods, in: self.namespace, labels: labels).items
    }

    /// Restores the Service.
    ///
    /// - Parameter cause: What the Event on the Service says.
    /// - Throws: ``APIError`` when the server did not answer or refused; safe to call again.
    @discardableResult
    public func restoreService(_ cause: RestoreCause) async throws(APIError) -> RestoreOutcome {
        var lastError = APIError(.conflict, "service/\(self.names.service) keeps changing")
        for _ in 0..<Self.attempts {
            guard let service = try await self.client.find(.services, self.names.service, in: self.namespace) else {
                return .serviceGone
            }
            let origin = try await self.client.find(.services, self.names.origin, in: self.namespace)
            let saved = origin?.metadata.annotation(Key.originalManagedFields).flatMap(JSONValue.init(text:))
            let patch: JSONPatch
            let outcome: RestoreOutcome
            switch Restore.decide(
                service, tunnel: self.tunnel, origin: origin, chosen: self.chosenSelector)
            {
            case .nothing:
                if service.metadata.annotation(Key.session) == nil {
                    // A client that died between the two patches has left out the second.
                    try await self.restoreManagedFields(of: service, saved: saved)
                }
                return .untouched
            case .selectorConflict(let annotation, let origin):
                return .selectorConflict(annotation: annotation, origin: origin)
            case .restore(let order): (patch, outcome) = (order, .restored)
            case .clearMarks(let order): (patch, outcome) = (order, .displaced)
            }
            do {
                let written = try await self.client.patch(.services, self.names.service, in: self.namespace, patch)
                try await self.restoreManagedFields(of: written, saved: saved)
                let event = outcome == .restored ? ServiceEvent.restored(cause) : .displaced
                await EventRecorder(client: self.client, namespace: self.namespace).record(event, on: written)
                return outcome
            } catch let error where error.code == .conflict || error.code == .invalid || error.code == .notFound {
                lastError = error
            }
        }
        throw lastError
    }

    private func restoreManagedFields(of service: Service, saved: JSONValue?) async throws(APIError) {
        var service = service
        for _ in 0..<Self.attempts {
            guard let patch = Restore.managedFields(of: service, saved: saved) else { return }
            do {
                try await self.client.patch(.services, self.names.service, in: self.namespace, patch)
                return
            } catch let error where error.code == .conflict || error.code == .invalid {
                service = try await self.client.get(.services, self.names.service, in: self.namespace)
            }
        }
    }

    /// Waits until original pods are ready in the Service's slices, or there are none, or the time is up.
    ///
    /// - Returns: Whether originals answer now.
    public func waitForOriginals(within limit: Duration) async -> Bool {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        if await self.isInOtherHands { return false }
        while clock.now < deadline, !Task.isCancelled {
            do throws(APIError) {
                let ready = try await self.readyPods(of: self.names.service)
                if ready.contains(where: { !$0.hasPrefix(self.names.deployment) }) { return true }
                if try await self.readyPods(of: self.names.origin).isEmpty { return false }
            } catch {
                // Without its rights this caller will not see more: the session's account is gone already.
                guard error.isTransient else { return false }
            }
            try? await Task.sleep(for: .milliseconds(100))
        }
        return false
    }

    /// Whether the Service selects something other than the originals: another client's choice, or a later session.
    private var isInOtherHands: Bool {
        get async {
            guard let service = try? await self.client.find(.services, self.names.service, in: self.namespace),
                let origin = try? await self.client.find(.services, self.names.origin, in: self.namespace)
            else { return false }
            return service.selector != origin.selector
        }
    }

    /// The names of the pods that a Service's slices call ready.
    ///
    /// - Parameter port: The port's name, when only the slices with that port count.
    public func readyPods(of service: String, port: String? = nil) async throws(APIError) -> [String] {
        let list = try await self.client.list(
            self.slices, in: self.namespace, labels: "kubernetes.io/service-name=\(service)")
        let slices = list.items.filter { slice in port.map { name in slice.ports?.first?.name == name } ?? true }
        return slices.flatMap { $0.endpoints ?? [] }.filter(\.isReady).map { $0.targetRef?.name ?? "" }
    }

    /// Deletes what the tunnel has beside Leases and account, each only when it is this tunnel's.
    ///
    /// - Throws: ``APIError`` when the server did not answer; safe to call again.
    public func deleteObjects() async throws(APIError) {
        try await self.deleteIfOurs(.deployments, self.names.deployment) { $0.metadata }
        try await self.deleteIfOurs(.services, self.names.origin) { $0.metadata }
        try await self.deleteIfOurs(.services, self.names.warmUp) { $0.metadata }
        try await self.deleteIfOurs(.networkPolicies, self.names.networkPolicy) { $0.metadata }
    }

    /// Deletes the tunnel's own account; Role and RoleBinding go with it. The last thing a proxy can do.
    public func deleteAccount() async throws(APIError) {
        try await self.deleteIfOurs(.serviceAccounts, self.names.account) { $0.metadata }
    }

    /// Deletes what a client that has deleted the Deployment may have had no right to: one that joined the tunnel, and has fewer
    /// rights than the user who made it. For a proxy that goes, and that no other replaces.
    ///
    /// - Throws: ``APIError`` when the server did not answer, or the account is gone already; safe to call again.
    public func deleteRemains() async throws(APIError) {
        let deployment = try await self.client.find(.deployments, self.names.deployment, in: self.namespace)?.metadata
        let isWanted = deployment?.annotation(Key.session) == self.tunnel.description
        guard !isWanted || deployment?.deletionTimestamp != nil else { return }
        try await self.deleteIfOurs(.networkPolicies, self.names.networkPolicy) { $0.metadata }
        try await self.deleteAccount()
    }

    /// Deletes the session's Lease.
    ///
    /// - Throws: ``APIError`` when the server did not answer; safe to call again.
    public func deleteLease() async throws(APIError) {
        try await self.delete(try await self.leases().filter { $0.isHeld(by: self.session) })
    }

    /// Deletes the Leases of the tunnel's sessions, and the session's own, whatever tunnel it names.
    ///
    /// - Throws: ``APIError`` when the server did not answer; safe to call again.
    public func deleteLeases() async throws(APIError) {
        try await self.delete(
            try await self.leases().filter { $0.tunnel == self.tunnel || $0.isHeld(by: self.session) })
    }

    private func delete(_ leases: [Lease]) async throws(APIError) {
        for lease in leases {
            try await self.client.delete(.leases, lease.metadata.name, in: self.namespace, uid: lease.metadata.uid)
        }
    }

    /// The Leases of the Service's sessions, in any order.
    public func leases() async throws(APIError) -> [Lease] {
        try await self.client.sessionLeases(self.names, in: self.namespace)
    }

    private func deleteIfOurs<Object>(
        _ type: ResourceType<Object>, _ name: String, _ metadata: (Object) -> ObjectMeta
    ) async throws(APIError) {
        do {
            guard let found = try await self.client.find(type, name, in: self.namespace).map(metadata) else { return }
            guard found.annotation(Key.session) == self.tunnel.description else { return }
            try await self.client.delete(type, name, in: self.namespace, uid: found.uid)
        } catch let error where error.code == .forbidden {
            // A kind that this caller never makes, and so has no right on.
            return
        }
    }
}
