import FaultBench
import Testing

@testable import Tunnel

@Suite("Link health")
struct LinkHealthTests {
    /// The product's intervals, but for PINGs, which are out of the way.
    static let seldom = {
        var timing = Timing()
        timing.pingInterval = .seconds(2)
        return timing
    }()

    static func up(
        at now: Duration = .zero, roundTrip: Duration = .milliseconds(10), timing: Timing = LinkHealthTests.seldom
    ) -> LinkHealth {
        var health = LinkHealth(timing: timing, now: now)
        #expect(health.timePassed(now: now) == [.sendPing(1)])
        #expect(health.pingAcknowledged(1, now: now + roundTrip) == .becomeUp)
        return health
    }

    @Test("the first acknowledgement brings the link up, the next ones change nothing")
    func comesUp() {
        var health = LinkHealthTests.up(timing: Timing())
        #expect(health.standing == .up)
        #expect(health.roundTrip == .milliseconds(10))
        #expect(health.timePassed(now: .milliseconds(999)) == [])
        #expect(health.timePassed(now: .seconds(1)) == [.sendPing(2)])
        #expect(health.pingAcknowledged(2, now: .milliseconds(1004)) == .nothing)
        #expect(health.smallestRoundTrip == .milliseconds(4))
        #expect(health.pingAcknowledged(2, now: .milliseconds(1005)) == .nothing)
        #expect(health.roundTrip == .milliseconds(4))
    }

    @Test("without acknowledgements the link is dead after eight seconds, at the deadline it names itself")
    func dies() {
        var health = LinkHealthTests.up(roundTrip: .zero, timing: Timing())
        var now: Duration = .zero
        var pings = 0
        while health.standing != .dead, now < .seconds(20) {
            now = health.nextDeadline
            for order in health.timePassed(now: now) {
                if case .sendPing = order { pings += 1 }
            }
        }
        #expect(now == .seconds(8))
        #expect(pings == 7)
        #expect(health.pingAcknowledged(7, now: now) == .nothing)
        #expect(health.standing == .dead)
        #expect(health.timePassed(now: .seconds(30)) == [])
    }

    @Test("a CONNECT unanswered for a second makes the link suspect, until anything is acknowledged")
    func suspects() {
        var health = LinkHealthTests.up()
        health.connectSent(7, now: .milliseconds(100))
        health.connectSent(8, now: .milliseconds(200))
        #expect(health.nextDeadline == .milliseconds(1100))
        #expect(health.timePassed(now: .milliseconds(1099)) == [])
        #expect(health.timePassed(now: .milliseconds(1100)) == [.giveUp(7), .becomeSuspect, .sendPing(2)])
        #expect(health.standing == .suspect)
        #expect(health.timePassed(now: .milliseconds(1200)) == [.giveUp(8)])
        #expect(health.pingAcknowledged(2, now: .milliseconds(1300)) == .recover)
        #expect(health.standing == .up)
    }

    /// A laptop's, that is up.
    private static func laptop(roundTrip: Duration = .milliseconds(10)) -> LinkHealth {
        var health = LinkHealth(timing: Timing(), suspectsPings: true, now: .zero)
        #expect(health.timePassed(now: .zero) == [.sendPing(1)])
        #expect(health.pingAcknowledged(1, now: roundTrip) == .becomeUp)
        #expect(health.timePassed(now: .seconds(1)) == [.sendPing(2)])
        return health
    }

    @Test("where no CONNECT is sent, a PING unanswered for half a second makes the link suspect, until one is answered")
    func suspectsPing() {
        var health = Self.laptop()
        #expect(health.nextDeadline == .milliseconds(1500))
        #expect(health.timePassed(now: .milliseconds(1499)) == [])
        #expect(health.timePassed(now: .milliseconds(1500)) == [.becomeSuspect, .sendPing(3)])
        health.bytesReceived(at: .milliseconds(1600))
        #expect(health.standing == .suspect)
        #expect(health.pingAcknowledged(2, now: .milliseconds(1700)) == .recover)
        #expect(health.pingAcknowledged(3, now: .milliseconds(1700)) == .nothing)
        #expect(health.standing == .up)
        var slow = Self.laptop(roundTrip: .milliseconds(300))
        #expect(slow.nextDeadline == .seconds(2))
        #expect(slow.timePassed(now: .seconds(2)) == [.sendPing(3)])
        #expect(slow.timePassed(now: .milliseconds(2200)) == [.becomeSuspect, .sendPing(4)])
    }

    @Test("bytes of any kind begin that wait again, and so does a sleep of this process")
    func suspectsNoPing() {
        var moving = Self.laptop()
        moving.bytesReceived(at: .milliseconds(1400))
        #expect(moving.timePassed(now: .milliseconds(1899)) == [])
        #expect(moving.timePassed(now: .milliseconds(1900)) == [.becomeSuspect, .sendPing(3)])
        var slept = Self.laptop()
        #expect(slept.timePassed(now: .milliseconds(1800)) == [])
        #expect(slept.timePassed(now: .seconds(2)) == [.sendPing(3)])
        #expect(slept.timePassed(now: .milliseconds(2299)) == [])
        #expect(slept.timePassed(now: .milliseconds(2300)) == [.becomeSuspect, .sendPing(4)])
    }

    @Test("a PING is overdue after 100 ms, or four round trips, and for three seconds")
    func late() {
        var health = LinkHealthTests.up(roundTrip: .milliseconds(10))
        #expect(!health.isLate(now: .seconds(1)))
        #expect(health.pingRequested(now: .seconds(1)) == 2)
        #expect(health.pingRequested(now: .milliseconds(1250)) == 3)
        #expect(!health.isLate(now: .milliseconds(1099)))
        #expect(health.isLate(now: .milliseconds(1100)))
        #expect(health.isLate(now: .milliseconds(3999)))
        #expect(!health.isLate(now: .seconds(4)))
        // The third was sent 250 ms later.
        #expect(health.pingAcknowledged(2, now: .milliseconds(1300)) == .nothing)
        #expect(!health.isLate(now: .milliseconds(1400)))
        #expect(health.pingAcknowledged(3, now: .milliseconds(1650)) == .nothing)
        #expect(health.pingRequested(now: .seconds(2)) == 4)
        #expect(!health.isLate(now: .milliseconds(3599)))
        #expect(health.isLate(now: .milliseconds(3600)))
    }

    @Test("an answered or withdrawn CONNECT makes nothing suspect")
    func answered() {
        var health = LinkHealthTests.up()
        health.connectSent(1, now: .zero)
        health.connectSent(2, now: .zero)
        health.connectSent(3, now: .zero)
        #expect(health.connectAnswered(2, now: .milliseconds(1)) == .nothing)
        health.connectWithdrawn(1)
        #expect(health.connectAnswered(3, now: .milliseconds(2)) == .nothing)
        #expect(health.timePassed(now: .milliseconds(1500)) == [])
    }

    @Test("while other bytes keep coming a CONNECT may wait five times as long, and the link does not die")
    func moving() {
        var health = LinkHealthTests.up()
        health.connectSent(1, now: .milliseconds(100))
        var now: Duration = .milliseconds(100)
        var givenUpAt: Duration?
        while now < .seconds(20) {
            now += .milliseconds(100)
            health.bytesReceived(at: now)
            let orders = health.timePassed(now: now)
            if orders.contains(.giveUp(1)) { givenUpAt = now }
            #expect(!orders.contains(.declareDead))
        }
        #expect(givenUpAt == .milliseconds(5100))
        // Bytes alone do not end the suspicion.
        #expect(health.standing == .suspect)
    }

    @Test("bytes that stop with the link delay the suspicion by nothing")
    func stopsMoving() {
        var health = LinkHealthTests.up()
        health.connectSent(1, now: .milliseconds(100))
        health.bytesReceived(at: .milliseconds(120))
        #expect(health.nextDeadline == .milliseconds(1100))
        #expect(health.timePassed(now: .milliseconds(1100)).first == .giveUp(1))
    }

    @Test("the timeout of a CONNECT grows with the round trip")
    func connectTimeout() {
        var health = LinkHealthTests.up(roundTrip: .milliseconds(600))
        health.connectSent(1, now: .milliseconds(600))
        #expect(health.connectTimeout == .milliseconds(2400))
        #expect(health.timePassed(now: .milliseconds(2999)).contains(.giveUp(1)) == false)
        #expect(health.timePassed(now: .milliseconds(3000)).first == .giveUp(1))
    }

    @Test("a process that was stopped itself does not declare the peer dead at once")
    func oversleeps() {
        var health = LinkHealthTests.up()
        let orders = health.timePassed(now: .seconds(60))
        #expect(orders == [.sendPing(2)])
        #expect(health.pingAcknowledged(2, now: .milliseconds(60_010)) == .nothing)
        #expect(health.standing == .up)
    }

    @Test("thousands of CONNECTs in any order leave nothing behind")
    func many() {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        var health = LinkHealthTests.up()
        var open: [UInt64] = []
        for id in 0..<5000 as Range<UInt64> {
            health.connectSent(id, now: .milliseconds(20))
            open.append(id)
            if Bool.random(using: &generator), let index = open.indices.randomElement(using: &generator) {
                _ = health.connectAnswered(open.remove(at: index), now: .milliseconds(21))
            }
        }
        let given = health.timePassed(now: .milliseconds(1020)).filter { if case .giveUp = $0 { true } else { false } }
        #expect(given == open.map { .giveUp($0) }, "seed \(seed)")
        #expect(health.nextDeadline > .milliseconds(1020))
    }
}
