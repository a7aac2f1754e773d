public import Kubernetes
public import Session

/// A session's writes, over any client: who may do them, does them so, be it plugin or controller.
public struct SessionWriter: SessionWriting {
    let client: KubernetesClient
    let objects: SessionObjects
    private let undo: SessionUndo
    let wantsNetworkPolicy: Bool

    var namespace: String { self.objects.namespace }
    var names: SessionNames { self.objects.names }
    var service: String { self.objects.service.metadata.name }

    /// The writes of one session.
    ///
    /// - Parameter objects: With the Service as the session found it.
    public init(client: KubernetesClient, objects: SessionObjects, undo: SessionUndo, wantsNetworkPolicy: Bool) {
        self.client = client
        self.objects = objects
        self.undo = undo
        self.wantsNetworkPolicy = wantsNetworkPolicy
    }

    /// Does a write; see ``SessionWriting``.
    public func perform(_ write: SessionWrite) async throws -> RestoreOutcome? {
        switch write {
        case .createHelpers: try await self.createHelpers()
        case .createProxy: try await self.createProxy()
        case .bringOriginBack(let address):
            try await self.trying("create service/\(self.names.origin)") { () async throws(APIError) in
                try await self.client.create(.services, self.objects.origin(address: address), in: self.namespace)
            }
        case .count(let count): try await self.setWarmUp(count)
        case .switchService(let publishNotReady): try await self.switchService(publishNotReady: publishNotReady)
        case .keepEndingPods: try await self.keepEndingPods()
        case .restore, .cleanUp: return try await self.undo.perform(write)
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
    /// - Throws: ``WriteFailure`` when the Lease is not this session's any more, or has expired.
    func requireLease() async throws(WriteFailure) {
        let name = "lease/\(self.names.lease)"
        let lease = try await self.trying("read \(name)") { () async throws(APIError) in
            try await self.client.find(.leases, self.names.lease, in: self.namespace)
        }
        guard let lease, Holder(lease.spec.holderIdentity)?.session == self.objects.holder.session, !lease.isExpired
        else { throw .refused(Refusal("the session has ended: \(name) is not this session's any more")) }
    }
}

extension SessionUndo: SessionWriting {
    /// Does a write that undoes; every other is refused.
    public func perform(_ write: SessionWrite) async throws -> RestoreOutcome? {
        do throws(APIError) {
            switch write {
            case .restore(let cause): return try await self.restoreService(cause)
            case .cleanUp(let isDrained): try await self.cleanUp(isDrained: isDrained)
            default: throw APIError(.malformed, "not a write that undoes")
            }
            return nil
        } catch {
            throw WriteFailure.api(error, action: "undo the session")
        }
    }
}
