import Kubernetes
import Session
import Testing

@Suite struct RemoteTerminationTests {
    private func lease(renewed: String = "1", uid: String = "lease-1", state: SessionState? = .active) -> Lease {
        var lease = makeLease(renewed: renewed, annotations: state.map { [Key.state: $0.rawValue] } ?? [:])
        lease.metadata.uid = uid
        lease.metadata.labels = [Key.service: "web"]
        return lease
    }

    private func seen(_ lease: Lease?, ready: Bool = true, switched: Bool = true) -> RemoteTermination.Observation {
        RemoteTermination.Observation(lease: lease, hasReadyProxy: ready, isSwitched: switched)
    }

    private func termination(insists: Bool = false, wasSwitched: Bool = true) -> RemoteTermination {
        RemoteTermination(lease(), wasSwitched: wasSwitched, insists: insists)
    }

    @Test("a Lease that is gone, or another's, is free")
    func free() {
        var termination = termination()
        #expect(termination.observe(seen(nil), now: .zero) == .free)
        #expect(termination.observe(seen(lease(uid: "lease-2")), now: .zero) == .free)
    }

    @Test("a living plugin gets its time, and its drain is waited for")
    func living() {
        var termination = termination()
        #expect(termination.observe(seen(lease()), now: .zero) == .wait)
        #expect(termination.observe(seen(lease(), switched: false), now: .seconds(1)) == .draining)
        #expect(termination.observe(seen(lease(), switched: false), now: .seconds(20)) == .draining)
    }

    @Test("a session that passes through is undone without waiting")
    func passingThrough() {
        var termination = termination()
        #expect(termination.observe(seen(lease(state: .passingThrough)), now: .zero) == .recover)
    }

    @Test("a session without a proxy is undone after a second, in which a plugin that sets up hears of it")
    func noProxy() {
        var termination = termination(wasSwitched: false)
        #expect(termination.observe(seen(lease(state: nil), ready: false, switched: false), now: .zero) == .wait)
        #expect(
            termination.observe(seen(lease(state: nil), ready: false, switched: false), now: .seconds(1)) == .recover)
    }

    @Test("a Lease that nobody renews for its duration is undone; one that is renewed is not, unless by force")
    func duration() {
        var silent = termination()
        var renewed = termination()
        var forced = termination(insists: true)
        var orders: (silent: [Int], renewed: [Int], forced: [Int]) = ([], [], [])
        for second in 0...44 {
            let fresh = lease(renewed: "\(second / 10)")
            if silent.observe(seen(lease()), now: .seconds(second)) == .recover { orders.silent.append(second) }
            if renewed.observe(seen(fresh), now: .seconds(second)) != .wait { orders.renewed.append(second) }
            if forced.observe(seen(fresh), now: .seconds(second)) == .recover { orders.forced.append(second) }
        }
        #expect(orders.silent.first == 30)
        #expect(orders.renewed.isEmpty)
        #expect(orders.forced.first == 15)
        #expect(renewed.observe(seen(lease(renewed: "9")), now: .seconds(45)) == .ignored)
    }
}
