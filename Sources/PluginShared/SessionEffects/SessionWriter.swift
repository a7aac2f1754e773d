public import Kubernetes
public import Session

/// A session's writes, over any client: who may do them, does them so, be it plugin or controller.
public struct SessionWriter: SessionWriting {
    let client: KubernetesClient
    let objects: SessionObjects
    let cleanup: SessionCleanup
    let wantsNetworkPolicy: Bool
    private let isWanted: @Sendable (Lease) -> Bool

    var namespace: String { self.objects.namespace }
    var names: SessionNames { self.objects.names }
    var service: String { self.objects.service.metadata.name }

    /// The writes of one session.
    ///
    /// - Parameters:
    ///   - objects: With the Service as the session found it.
    ///   - isWanted: Whether the session's Lease, as it was just read, still asks for what is being done.
    public init(
        client: KubernetesClient, objects: SessionObjects, cleanup: SessionCleanup, wantsNetworkPolicy: Bool,
        isWanted: @escaping @Sendable (Lease) -> Bool = { _ in true }
    ) {
        self.client = client
        self.objects = objects
        self.cleanup = cleanup
        self.wantsNetworkPolicy = wantsNetworkPolicy
        self.isWanted = isWanted
    }

    /// Does a write; see ``SessionWriting``.
    public func perform(_ write: SessionWrite) async throws -> RestoreOutcome? {
        switch write {
        case .createHelpers: try await self.createHelpers()
        case .createProxy: try await self.createProxy()
        case .bringOriginBack: try await self.bringOriginBack()
        case .count(let count): try await self.setWarmUp(count)
        case .switchService(let publishNotReady): try await self.switchService(publishNotReady: publishNotReady)
        case .keepEndingPods: try await self.keepEndingPods()
        case .restore(let cause):
            return try await self.trying("restore service/\(self.service)") { () async throws(APIError) in
                try await self.cleanup.restoreService(cause)
            }
        case .end(let cause, let withOthers):
            return try await self.trying("restore service/\(self.service)") { () async throws(APIError) in
                try await self.cleanup.end(cause, withOthers: withOthers)
            }
        case .leave:
            try await self.trying("delete lease/\(self.objects.leaseName)") { () async throws(APIError) in
                try await self.cleanup.deleteLease()
            }
        case .cleanUp(let isDrained):
            try await self.trying("clean up") { () async throws(APIError) in
                try await self.cleanup.cleanUp(isDrained: isDrained)
            }
        }
        return nil
    }

    @discardableResult
    func trying<Value: Sendable>(
        _ action: String, _ body: () async throws(APIError) -> Value
    ) async throws(WriteFailure) -> Value {
        do throws(APIError) {
            return try await body()
        } catch {
            throw .api(error, action: action)
        }
    }

    /// A process that was stopped for long must not write what is another session's by now.
    ///
    /// - Throws: ``WriteFailure`` when the Lease is not this session's any more, has expired, or asks for something else.
    func requireLease() async throws(WriteFailure) {
        let name = "lease/\(self.objects.leaseName)"
        let lease = try await self.trying("read \(name)") { () async throws(APIError) in
            try await self.client.find(.leases, self.objects.leaseName, in: self.namespace)
        }
        guard let lease, lease.isHeld(by: self.objects.holder.session), !lease.isExpired,
            self.isWanted(lease)
        else { throw .refused(Refusal("the session has ended: \(name) is not this session's any more")) }
    }
}
