import Kubernetes
import Testing

@testable import Session

@Suite struct ControlledSessionTests {
    private let order = ControllerOrder(number: 2, write: .switchService(publishNotReady: true))

    private func lease(renewed: String = "1", _ marks: (Holder) -> [JSONPatch] = { _ in [] }) -> Lease {
        var lease = makeLease(renewed: renewed, annotations: [:])
        lease.metadata.labels = [Key.service: "web"]
        lease.metadata.uid = "lease-1"
        for patch in marks(holderA) { lease.annotate(patch) }
        return lease
    }

    private func seen(
        _ lease: Lease?, ready: Bool = true, switched: Bool = false
    ) -> RemoteTermination.Observation {
        RemoteTermination.Observation(lease: lease, hasReadyProxy: ready, isSwitched: switched)
    }

    @Test("an order is carried out until it is answered, and then not again")
    func orders() throws {
        var session = try #require(ControlledSession(lease()))
        let asked = lease { [order.patch(holder: $0)] }
        let answered = lease { [order.patch(holder: $0), ControllerAnswer(number: 2).patch(holder: $0)] }
        let late = lease { [order.patch(holder: $0), ControllerAnswer(number: 1).patch(holder: $0)] }
        let found = [asked, asked, answered, late].enumerated().map { session.handle($1, now: .seconds($0)) }
        #expect(found == [.perform(order), .perform(order), .wait, .perform(order)])
    }

    @Test("a session that has expired asks in vain, and so does another's Lease")
    func noOrder() throws {
        var session = try #require(ControlledSession(lease()))
        let asked = lease { [order.patch(holder: $0)] }
        let found = (0...40).map { session.handle(asked, now: .seconds($0)) }
        #expect(found.firstIndex(of: .look) == 30 && found.last == .look)
        var expired = lease(renewed: "2") { [order.patch(holder: $0)] }
        expired.metadata.annotations?[Key.state] = SessionState.expired.rawValue
        var other = makeLease(
            renewed: "3", holder: Holder(user: "bob", host: "desk", session: sessionB), annotations: [:])
        other.annotate(order.patch(holder: holderA))
        let (inExpired, inOther) = (
            session.handle(expired, now: .seconds(41)), session.handle(other, now: .seconds(42))
        )
        #expect(inExpired == .wait && inOther == .forget)
    }

    @Test("orders and answers are what was written, and other text is none")
    func texts() {
        let refusal = Refusal("no", hint: "yes", yieldsToForce: false)
        for write in [
            SessionWrite.createHelpers, .count(.published), .restore(.expired(holder: "a on b")),
            .cleanUp(isDrained: true),
            .bringOriginBack,
        ] {
            let order = ControllerOrder(number: 7, write: write)
            #expect(ControllerOrder(lease { [order.patch(holder: $0)] }) == order)
        }
        for outcome in [RestoreOutcome.restored, .selectorConflict(annotation: "{}", origin: "{\"a\":\"b\"}")] {
            let answer = ControllerAnswer(number: 7, outcome: outcome, refusal: refusal)
            #expect(ControllerAnswer(lease { [answer.patch(holder: $0)] }) == answer)
        }
        for text in ["", "{}", "{\"number\":1}", "{\"number\":1,\"write\":{\"format\":{}}}", "\u{0}[["] {
            let lease = makeLease(renewed: "1", annotations: [Key.order: text, Key.answer: text])
            #expect(ControllerOrder(lease) == nil)
        }
    }

    @Test("a Lease that ran out, or is gone, is left to a proxy that is Ready, and undone at once without one")
    func over() throws {
        for isGone in [true, false] {
            var withProxy = try #require(ControlledSession(lease()))
            var without = try #require(ControlledSession(lease()))
            var undone: (withProxy: Int?, without: Int?)
            for second in 0...120 {
                let lease = isGone && second >= 30 ? nil : lease(renewed: isGone ? "\(second / 10)" : "1")
                let one = withProxy.step(seen(lease), now: .seconds(second))
                let other = without.step(seen(lease, ready: false), now: .seconds(second))
                if case .recover(let cause) = one, undone.withProxy == nil {
                    undone.withProxy = second
                    #expect(
                        cause
                            == (isGone ? .leaseDeleted(holder: "alice on laptop") : .expired(holder: "alice on laptop"))
                    )
                }
                if case .recover = other, undone.without == nil { undone.without = second }
            }
            #expect(undone.without == 30)
            #expect(undone.withProxy == 100)
        }
    }

    @Test("a proxy that is Ready, and does not restore, is not waited for: its node may be lost")
    func silent() throws {
        var session = try #require(ControlledSession(lease()))
        let steps = (0...40).map { session.step(seen(lease(), switched: true), now: .seconds($0)) }
        #expect(steps.firstIndex(of: .recover(.expired(holder: "alice on laptop"))) == 33)
    }

    @Test("a session that is renewed is left alone, and one that was undone is forgotten when its Lease is gone")
    func renewed() throws {
        var session = try #require(ControlledSession(lease()))
        for second in 0...200 {
            let step = session.step(seen(lease(renewed: "\(second / 10)"), ready: false), now: .seconds(second))
            #expect(step == .wait)
        }
        session.cleanedUp()
        let there = session.step(seen(lease(renewed: "21")), now: .seconds(201))
        let gone = session.step(seen(nil), now: .seconds(202))
        #expect(there == .wait && gone == .forget)
    }

    @Test("a request to end is carried out where nobody else can, by the rule of stop and take-over")
    func requested() throws {
        var session = try #require(ControlledSession(lease()))
        let asked = lease { [EndRequest.stop(by: "bob on desk").patch(holder: $0)] }
        let living = session.step(seen(asked), now: .zero)
        let dead = session.step(seen(asked, ready: false), now: .seconds(2))
        #expect(living == .wait && dead == .recover(.stopped(by: "bob on desk")))
    }

    @Test("what the plugin has left to the proxy is left to it, for as long as connections may pass through")
    func handedOver() throws {
        var session = try #require(ControlledSession(lease()))
        let over = lease { [EndRequest.handOver(by: "alice on laptop").patch(holder: $0)] }
        var recovered: Int?
        for second in stride(from: 0, through: 700, by: 5) {
            let seen = RemoteTermination.Observation(lease: over, hasReadyProxy: true, isSwitched: false)
            if case .recover = session.step(seen, now: .seconds(second)), recovered == nil { recovered = second }
        }
        #expect(recovered ?? 0 >= 640, "\(recovered ?? -1)")
    }

    @Test("a session that left, or whose tunnel others have, is forgotten with its Lease, and nothing is undone")
    func left() throws {
        var session = try #require(ControlledSession(lease()))
        let leaving = lease { [Lease.leave($0)] }
        let steps = [leaving, nil].enumerated().map { session.handle($1, now: .seconds($0)) }
        #expect(steps == [.wait, .forget])

        var other = try #require(ControlledSession(lease()))
        let shared = RemoteTermination.Observation(lease: nil, hasReadyProxy: true, isSwitched: true, isShared: true)
        #expect(other.step(shared, now: .zero) == .forget)
    }

    @Test("another session's Lease is another's affair")
    func other() throws {
        var session = try #require(ControlledSession(lease()))
        let other = makeLease(renewed: "1", holder: Holder(user: "bob", host: "desk", session: sessionB))
        let step = session.step(seen(other), now: .zero)
        #expect(step == .forget)
        #expect(
            ControlledSession(
                Lease(
                    metadata: ObjectMeta(name: "x"),
                    spec: Lease.Spec(
                        holderIdentity: nil, leaseDurationSeconds: nil, acquireTime: nil, renewTime: nil))) == nil)
    }
}

extension ControlledSession {
    /// Reads, and looks where that is asked for.
    fileprivate mutating func step(_ seen: RemoteTermination.Observation, now: Duration) -> Step {
        let first = self.handle(seen.lease, now: now)
        return first == .look ? self.handle(seen, now: now) : first
    }
}

extension Lease {
    /// Does what a patch would that adds an annotation.
    fileprivate mutating func annotate(_ patch: JSONPatch) {
        for key in [Key.order, Key.answer, Key.stopRequestedBy, Key.handedOverBy, Key.leaving] {
            for operation in patch.operations where operation.path == JSONPatch.annotation(key) {
                self.metadata.annotations?[key] = operation.value?.text
            }
        }
    }
}
