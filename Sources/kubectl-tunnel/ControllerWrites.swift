import Kubernetes
import Session
import SessionEffects

/// A session's writes as the controller does them: asked for in the Lease, one after the other, and answered there.
actor ControllerWrites: SessionWriting {
    private let client: KubernetesClient
    private let objects: SessionObjects
    private let clock = ContinuousClock()
    private var number = 0
    private var latest: Task<RestoreOutcome?, any Error>?

    init(client: KubernetesClient, objects: SessionObjects) {
        self.client = client
        self.objects = objects
    }

    func perform(_ write: SessionWrite) async throws -> RestoreOutcome? {
        let previous = self.latest
        let task = Task {
            _ = await previous?.result
            return try await self.ask(for: write)
        }
        self.latest = task
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }

    /// How long to wait between the first two looks for the answer; each next pause is half as long again.
    private static let firstPause = Duration.milliseconds(30)
    /// The longest, and what is waited when something is in the way.
    private static let longPause = Duration.milliseconds(300)

    private var lease: String { self.objects.leaseName }

    private func ask(for write: SessionWrite) async throws -> RestoreOutcome? {
        self.number += 1
        let order = ControllerOrder(number: self.number, write: write)
        let deadline = self.clock.now + write.timeout
        var isAsked = false
        var pause = Self.firstPause
        while self.clock.now < deadline {
            let lease: Lease?
            do throws(APIError) {
                if !isAsked {
                    let patch = order.patch(holder: self.objects.holder)
                    try await self.client.patch(.leases, self.lease, in: self.objects.namespace, patch)
                    isAsked = true
                }
                lease = try await self.client.find(.leases, self.lease, in: self.objects.namespace)
            } catch {
                if error.code == .notFound || error.code == .invalid { return try self.withoutLease(write) }
                guard error.isTransient else { throw WriteFailure.api(error, action: "patch lease/\(self.lease)") }
                try await Task.sleep(for: Self.longPause)
                continue
            }
            guard let lease, lease.holder == self.objects.holder else {
                return try self.withoutLease(write)
            }
            if let answer = ControllerAnswer(lease), answer.number == order.number {
                if let refusal = answer.refusal { throw WriteFailure.refused(refusal) }
                return answer.outcome
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 1.5, Self.longPause)
        }
        throw WriteFailure.refused(
            Refusal(
                "the controller does not answer", hint: "see `kubectl logs deployment/\(ControllerInstallation.name)`"))
    }

    /// The Lease goes last: without it there is nothing to clean up.
    private func withoutLease(_ write: SessionWrite) throws -> RestoreOutcome? {
        if write.isLast { return nil }
        throw WriteFailure.refused(
            Refusal("the session has ended: lease/\(self.lease) is not this session's any more"))
    }
}

extension SessionWrite {
    /// How long the controller gets: leftovers of an earlier session take up to 20 s to vanish, and a proxy that ends 10 s.
    fileprivate var timeout: Duration {
        switch self {
        case .createHelpers, .createProxy, .cleanUp: .seconds(30)
        case .bringOriginBack, .count, .switchService, .keepEndingPods, .restore, .end, .leave: .seconds(5)
        }
    }
}
