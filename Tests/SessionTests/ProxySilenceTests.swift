import Kubernetes
import Testing

@testable import Session

@Suite struct ProxySilenceTests {
    private func lease(_ state: SessionState, holder: Holder = holderA) -> Lease {
        var lease = makeLease(renewed: "1", holder: holder, annotations: [Key.state: state.rawValue])
        lease.metadata.labels = [Key.service: "web"]
        return lease
    }

    /// What each look at the Lease leads to.
    private func answers(_ looks: [Lease?], afterSilence: Bool = false) -> [Bool] {
        var silence = ProxySilence(holder: holderA, afterSilence: afterSilence)
        return looks.map { silence.observe($0) }
    }

    @Test("a proxy that goes on calling itself active for 2 s is gone; for 3 s where it may have heard for longer")
    func silent() {
        #expect(ProxySilence.pauseMilliseconds == 500)
        for (afterSilence, count, state) in [
            (false, 4, SessionState.active), (true, 6, .active), (false, 4, .localDown),
        ] {
            let looks = [Lease?](repeating: self.lease(state), count: count)
            #expect(self.answers(looks, afterSilence: afterSilence) == looks.indices.map { $0 == looks.indices.last })
        }
    }

    @Test("one that passes through lives; so may one whose Lease cannot be read, or is another client's by now")
    func alive() {
        let other = Holder(user: "bob", host: "laptop", session: sessionB)
        let active = self.lease(.active)
        let before = [Lease?](repeating: active, count: 3)
        for look in [self.lease(.passingThrough), nil, self.lease(.active, holder: other)] {
            #expect(self.answers(before + [look] + before).allSatisfy { !$0 })
        }
    }

    @Test("a Lease that its in-cluster side has ended is expired, whoever renews it; no other state is")
    func expired() {
        for state in SessionState.allCases { #expect(self.lease(state).isExpired == (state == .expired)) }
        #expect(!makeLease(renewed: "1", holder: holderA, annotations: [:]).isExpired)
    }
}
