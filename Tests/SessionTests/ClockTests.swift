import Kubernetes
import Session
import Testing

@Suite struct LeaseClockTests {
    /// Reads the same Lease at every interval, and returns when it counted as expired.
    private func expiry(_ clock: inout LeaseClock, from start: Duration, lease: Lease) -> Duration? {
        var now = start
        while now < start + .seconds(3600) {
            if clock.observe(lease, now: now) == .expired { return now - start }
            now += clock.interval
        }
        return nil
    }

    @Test("a Lease that does not change expires after its duration")
    func expires() {
        var clock = LeaseClock(durationSeconds: 30)
        #expect(expiry(&clock, from: .seconds(5), lease: makeLease(renewed: "1")) == .seconds(30))
    }

    @Test("only holder, renewTime and transitions are signs of life")
    func annotationsAreNone() {
        var clock = LeaseClock(durationSeconds: 30)
        for second in 0..<31 {
            let lease = makeLease(renewed: "1", annotations: ["note": "\(second)"])
            let verdict = clock.observe(lease, now: .seconds(second))
            #expect((verdict == .expired) == (second >= 30))
        }
    }

    @Test("time without the API does not count")
    func outage() {
        var clock = LeaseClock(durationSeconds: 30)
        let lease = makeLease(renewed: "1")
        _ = clock.observe(lease, now: .zero)
        #expect(clock.observe(lease, now: .seconds(86_400)) == .held)
        #expect(clock.observe(makeLease(renewed: "2"), now: .seconds(86_401)) == .held)
        #expect(expiry(&clock, from: .seconds(86_402), lease: makeLease(renewed: "2")) != nil)
    }

    @Test("a renewal starts the duration again, whatever the holder's clock says")
    func renewal() {
        var clock = LeaseClock(durationSeconds: 30)
        for step in 0..<100 {
            #expect(clock.observe(makeLease(renewed: "\(100 - step / 9)"), now: .seconds(step * 3)) == .held)
        }
    }
}

@Suite struct RenewalClockTests {
    @Test("a renewal that hangs leaves time for another", arguments: [(5, 2), (15, 5), (30, 10), (300, 100)])
    func timeout(duration: Int, timeout: Int) {
        let clock = RenewalClock(durationSeconds: duration, now: .zero, jitter: 1)
        #expect(clock.timeoutSeconds == timeout)
    }

    @Test("renews three times in the duration, and reads first after a silence as long as it")
    func orders() {
        var clock = RenewalClock(durationSeconds: 30, now: .zero, jitter: 1)
        #expect(clock.order(now: .seconds(9)) == .wait(until: .seconds(10)))
        #expect(clock.order(now: .seconds(10)) == .renew)
        clock.failed(now: .seconds(10))
        #expect(clock.order(now: .milliseconds(10_500)) == .wait(until: .seconds(11)))
        #expect(clock.order(now: .seconds(11)) == .renew)
        #expect(clock.slept == nil)
        #expect(clock.order(now: .seconds(30)) == .readFirst)
        // 10 s are a renewal's time: more nobody waits for who is awake.
        #expect(clock.slept == .seconds(19))
        clock.renewed(begunAt: .seconds(31))
        #expect(clock.order(now: .seconds(40)) == .wait(until: .seconds(41)))
        #expect(clock.slept == nil)
    }
}

@Suite struct InClusterSessionTests {
    @Test("states are written on change only")
    func states() {
        var machine = InClusterSession(holder: holderA, durationSeconds: 30)
        #expect(machine.handle(.linkUp, now: .zero) == [.write(.active)])
        #expect(machine.handle(.linkUp, now: .zero) == [])
        #expect(machine.handle(.linkDown, now: .zero) == [.write(.passingThrough)])
        #expect(machine.handle(.linkDown, now: .zero) == [])
    }

    @Test("a local process that does not answer is told at once, while the laptop is there, and so is its return")
    func localProcess() {
        var machine = InClusterSession(holder: holderA, durationSeconds: 30)
        #expect(machine.handle(.localDown(route: "web:80"), now: .zero) == [])
        _ = machine.handle(.linkUp, now: .zero)
        #expect(machine.handle(.localDown(route: "web:80"), now: .zero) == [.write(.localDown)])
        #expect(machine.handle(.localDown(route: "web:90"), now: .zero) == [])
        #expect(machine.handle(.localUp(route: "web:80"), now: .zero) == [])
        #expect(machine.handle(.localUp(route: "web:90"), now: .zero) == [.write(.active)])
        _ = machine.handle(.localDown(route: "web:80"), now: .zero)
        #expect(machine.handle(.linkDown, now: .zero) == [.write(.passingThrough)])
        #expect(machine.handle(.localUp(route: "web:80"), now: .zero) == [])
        #expect(machine.handle(.linkUp, now: .zero) == [.write(.active)])
    }

    @Test("an expired Lease ends the session once")
    func expiry() {
        var machine = InClusterSession(holder: holderA, durationSeconds: 5)
        var orders: [InClusterSession.Order] = []
        for tenth in 0...60 {
            orders += machine.handle(.leaseRead(makeLease(renewed: "1")), now: .milliseconds(tenth * 500))
        }
        #expect(orders == [.write(.expired), .end(.expired)])
        #expect(machine.handle(.leaseMissing, now: .seconds(100)) == [])
    }

    @Test("a stop is the laptop's to carry out while it is there")
    func stop() {
        let stop = makeLease(renewed: "1", annotations: [Key.stopRequestedBy: "bob on desk"])
        var alone = InClusterSession(holder: holderA, durationSeconds: 30)
        #expect(alone.handle(.leaseRead(stop), now: .zero) == [.end(.requested(.stop(by: "bob on desk")))])
        var linked = InClusterSession(holder: holderA, durationSeconds: 30)
        _ = linked.handle(.linkUp, now: .zero)
        #expect(linked.handle(.leaseRead(stop), now: .zero) == [])
        #expect(linked.handle(.leaseRead(stop), now: .seconds(9)) == [])
        #expect(linked.handle(.leaseRead(stop), now: .seconds(10)) == [.end(.requested(.stop(by: "bob on desk")))])
    }

    @Test("a deleted Lease, another holder and SIGTERM")
    func others() {
        var deleted = InClusterSession(holder: holderA, durationSeconds: 30)
        #expect(deleted.handle(.leaseMissing, now: .zero) == [.end(.leaseDeleted)])
        var taken = InClusterSession(holder: holderA, durationSeconds: 30)
        let other = makeLease(renewed: "1", holder: Holder(user: "bob", host: "desk", session: sessionB))
        #expect(taken.handle(.leaseRead(other), now: .zero) == [.end(.replaced(by: "bob on desk"))])
        var ended = InClusterSession(holder: holderA, durationSeconds: 30)
        #expect(ended.handle(.terminationRequested, now: .zero) == [.write(.terminating), .restoreAndDrain])
        #expect(ended.handle(.terminationRequested, now: .zero) == [])
        var drained = InClusterSession(holder: holderA, durationSeconds: 30)
        #expect(drained.handle(.drainedForLaptop, now: .zero) == [])
        #expect(drained.handle(.terminationRequested, now: .zero) == [.exit])
    }

    @Test(
        "without the origin Service a laptop that does not answer ends the session, one that answers hears of it itself"
    )
    func originMissing() {
        var machine = InClusterSession(holder: holderA, durationSeconds: 30)
        _ = machine.handle(.linkUp, now: .zero)
        #expect(machine.handle(.originMissing, now: .zero) == [])
        _ = machine.handle(.linkDown, now: .seconds(1))
        #expect(machine.handle(.originMissing, now: .seconds(2)) == [.end(.originDeleted)])
    }

    @Test("a take-over is carried out as a stop is, and says who it was")
    func takeOver() {
        let lease = makeLease(renewed: "1", annotations: [Key.takeOverRequestedBy: "bob on desk"])
        var machine = InClusterSession(holder: holderA, durationSeconds: 30)
        #expect(machine.handle(.leaseRead(lease), now: .zero) == [.end(.requested(.takeOver(by: "bob on desk")))])
        #expect(machine.cause(.requested(.takeOver(by: "bob on desk"))) == .takenOver(by: "bob on desk"))
    }

    @Test("a laptop that disappears after a drain is still noticed")
    func goneAfterDrain() {
        var machine = InClusterSession(holder: holderA, durationSeconds: 30)
        _ = machine.handle(.drainedForLaptop, now: .zero)
        #expect(machine.handle(.leaseMissing, now: .seconds(1)) == [.end(.leaseDeleted)])
    }
}
