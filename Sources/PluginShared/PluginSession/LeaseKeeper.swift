import FoundationEssentials
public import Kubernetes
public import Session

/// Keeps the session's Lease: renews it, and notices when somebody wants the session to end.
public struct LeaseKeeper: Sendable {
    /// What ends a session.
    public enum Event: Sendable {
        /// Somebody asked for it, by `stop` or by taking over.
        case endRequested(EndRequest)
        /// Nothing ran on this machine, or in this process, for so long.
        case slept(Duration)
        /// The Lease is another's now, or gone.
        case lost(String)
    }

    private let client: KubernetesClient
    private let namespace: String
    private let name: String
    private let holder: Holder
    private let durationSeconds: Int

    /// A keeper of the Lease with this name, which the holder has created.
    public init(client: KubernetesClient, namespace: String, name: String, holder: Holder, durationSeconds: Int) {
        self.client = client
        self.namespace = namespace
        self.name = name
        self.holder = holder
        self.durationSeconds = durationSeconds
    }

    /// Runs until the task is cancelled or the Lease is lost.
    public func run(_ report: @escaping @Sendable (Event) -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.renew(report) }
            group.addTask { await self.watch(report) }
            await group.next()
            group.cancelAll()
        }
    }

    private func renew(_ report: @Sendable (Event) -> Void) async {
        // Goes on while the laptop sleeps, which is what an expiry is about.
        let clock = ContinuousClock()
        let start = clock.now
        var renewal = RenewalClock(
            durationSeconds: self.durationSeconds, now: .zero, jitter: Double.random(in: 0...1))
        var slept: Duration?
        while !Task.isCancelled {
            let now = clock.now - start
            let order = renewal.order(now: now)
            if let gap = renewal.slept, gap != slept {
                slept = gap
                report(.slept(gap))
            }
            switch order {
            case .wait(let until):
                try? await Task.sleep(for: min(until - now, .seconds(1)))
            case .readFirst, .renew:
                // Both are one guarded request: it fails when the Lease is no longer ours.
                do throws(APIError) {
                    let time = MicroTime.text(for: .now)
                    let lease = try await self.client.patch(
                        .leases, self.name, in: self.namespace, Lease.renewal(holder: self.holder, time: time),
                        timeoutSeconds: renewal.timeoutSeconds)
                    if lease.isExpired { return report(.lost(self.expiry(slept))) }
                    renewal.renewed(begunAt: now)
                    slept = nil
                } catch {
                    // A refusal of the patch is a question, not an answer: whose it is now, the Lease itself says.
                    if error.code == .notFound || error.code == .conflict || error.code == .invalid,
                        let reason = await self.reasonOfLoss()
                    {
                        return report(.lost(reason))
                    }
                    renewal.failed(now: clock.now - start)
                }
            }
        }
    }

    private func expiry(_ slept: Duration?) -> String {
        let why = slept.map(Self.sleep) ?? "the API server was not reached for \(self.durationSeconds) s"
        return "lease/\(self.name) expired: \(why)"
    }

    /// As people read it.
    public static func sleep(_ duration: Duration) -> String {
        "this machine slept, or the plugin was stopped, for \(duration.components.seconds) s"
    }

    /// Why the Lease is not this session's any more; `nil` while it is, or cannot be read.
    private func reasonOfLoss() async -> String? {
        let lease: Lease?
        do {
            lease = try await self.client.find(.leases, self.name, in: self.namespace)
        } catch {
            return nil
        }
        guard let lease else { return self.deletion }
        guard let other = Holder(lease.spec.holderIdentity) else { return "lease/\(self.name) was changed" }
        return other.session == self.holder.session ? nil : "\(other.person) has taken the Service over"
    }

    private var deletion: String { "lease/\(self.name) was deleted" }

    private func watch(_ report: @Sendable (Event) -> Void) async {
        while !Task.isCancelled {
            do {
                for try await event in self.client.watch(.leases, name: self.name, in: self.namespace) {
                    switch event {
                    case .added(let lease), .modified(let lease):
                        guard Holder(lease.spec.holderIdentity)?.session == self.holder.session else {
                            return report(.lost(await self.reasonOfLoss() ?? "lease/\(self.name) was changed"))
                        }
                        // An expiry the next renewal meets, which knows why.
                        if let request = EndRequest(lease) { return report(.endRequested(request)) }
                    case .deleted:
                        return report(.lost(await self.reasonOfLoss() ?? self.deletion))
                    case .other: break
                    }
                }
            } catch {
                // The renewals go on; the watch is only quicker.
            }
            try? await Task.sleep(for: .seconds(1))
        }
    }
}
