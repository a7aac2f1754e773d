import FoundationEssentials
public import Kubernetes
public import Session
import Synchronization

/// Keeps the session's Lease: renews it, and notices when the session is asked to end.
public struct LeaseKeeper: Sendable {
    /// What ends a session.
    public enum Event: Sendable {
        /// A user asked for it, by `stop` or by taking over.
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
        let renewal = Renewal(durationSeconds: self.durationSeconds)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.renew(renewal, report) }
            group.addTask { await self.watch(renewal, report) }
            await group.next()
            group.cancelAll()
        }
    }

    /// The renewals' clock, which the watch looks at, too.
    private final class Renewal: Sendable {
        // Goes on while the laptop sleeps, which is what an expiry is about.
        private let clock = ContinuousClock()
        private let start = ContinuousClock.now
        private let state: Mutex<RenewalClock>

        init(durationSeconds: Int) {
            self.state = Mutex(
                RenewalClock(durationSeconds: durationSeconds, now: .zero, jitter: Double.random(in: 0...1)))
        }

        var now: Duration { self.clock.now - self.start }
        /// For how long nothing ran here before this moment; `nil` for no such time since the last renewal.
        var slept: Duration? {
            self.order(now: self.now).slept
        }

        func order(now: Duration) -> (RenewalClock.Order, slept: Duration?, timeoutSeconds: Int) {
            self.state.withLock { ($0.order(now: now), $0.slept, $0.timeoutSeconds) }
        }

        func renewed(begunAt now: Duration) { self.state.withLock { $0.renewed(begunAt: now) } }

        func failed() { self.state.withLock { $0.failed(now: self.now) } }
    }

    private func renew(_ renewal: Renewal, _ report: @Sendable (Event) -> Void) async {
        var told: Duration?
        while !Task.isCancelled {
            let now = renewal.now
            let (order, slept, timeout) = renewal.order(now: now)
            if let slept, slept != told { report(.slept(slept)) }
            told = slept
            switch order {
            case .wait(let until):
                try? await Task.sleep(for: min(until - now, .seconds(1)))
            case .readFirst, .renew:
                // Both are one guarded request: it fails when the Lease is no longer ours.
                do throws(APIError) {
                    let time = MicroTime.text(for: .now)
                    let lease = try await self.client.patch(
                        .leases, self.name, in: self.namespace, Lease.renewal(holder: self.holder, time: time),
                        timeoutSeconds: timeout)
                    if lease.isExpired { return report(.lost(self.expiry(slept))) }
                    renewal.renewed(begunAt: now)
                } catch {
                    // A refusal of the patch is a question, not an answer: whose it is now, the Lease itself says.
                    if error.code == .notFound || error.code == .conflict || error.code == .invalid,
                        let reason = await self.reasonOfLoss()
                    {
                        return report(.lost(reason))
                    }
                    renewal.failed()
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
        guard let other = lease.holder else { return "lease/\(self.name) was changed" }
        return other.session == self.holder.session ? nil : "\(other.person) has taken the Service over"
    }

    private var deletion: String { "lease/\(self.name) was deleted" }

    private func watch(_ renewal: Renewal, _ report: @Sendable (Event) -> Void) async {
        while !Task.isCancelled {
            do {
                for try await event in self.client.watch(.leases, name: self.name, in: self.namespace) {
                    switch event {
                    case .added(let lease), .modified(let lease):
                        guard lease.isHeld(by: self.holder.session) else {
                            return report(.lost(await self.reasonOfLoss() ?? "lease/\(self.name) was changed"))
                        }
                        if lease.isExpired { return report(.lost(self.expiry(renewal.slept))) }
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
