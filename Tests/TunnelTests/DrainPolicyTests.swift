import Testing

@testable import Tunnel

@Suite("Drain policy")
struct DrainPolicyTests {
    static func activity(_ events: [(String, Int)]) -> ConnectionActivity {
        var activity = ConnectionActivity(acceptedAt: .zero)
        for (who, milliseconds) in events {
            if who == "caller" {
                activity.callerSent(now: .milliseconds(milliseconds))
            } else {
                activity.serverSent(now: .milliseconds(milliseconds))
            }
        }
        return activity
    }

    static func isQuiet(_ events: [(String, Int)], at now: Int, since start: Int) -> Bool {
        DrainPolicy.isQuiet(
            DrainPolicyTests.activity(events),
            now: .milliseconds(now),
            drainingSince: .milliseconds(start)
        )
    }

    @Test("the silence that counts as quiet shrinks as the drain goes on")
    func silence() {
        #expect(DrainPolicy.silence(afterDraining: .zero) == .seconds(1))
        #expect(DrainPolicy.silence(afterDraining: .seconds(3)) == .milliseconds(250))
        #expect(DrainPolicy.silence(afterDraining: .seconds(6)) == .milliseconds(100))
        #expect(DrainPolicy.silence(afterDraining: .seconds(9)) == .milliseconds(30))
        #expect(DrainPolicy.silence(afterDraining: .seconds(12)) == .milliseconds(10))
    }

    @Test("a connection on which nothing passed is quiet after a second")
    func unused() {
        #expect(!DrainPolicyTests.isQuiet([], at: 999, since: 0))
        #expect(DrainPolicyTests.isQuiet([], at: 1000, since: 0))
    }

    @Test("a request without an answer is never quiet")
    func inFlight() {
        #expect(!DrainPolicyTests.isQuiet([("caller", 0)], at: 29_000, since: 0))
        #expect(!DrainPolicyTests.isQuiet([("caller", 0), ("server", 10), ("caller", 20)], at: 29_000, since: 0))
        // Within one reading of the clock the request counts as the later one when no answer has begun since.
        #expect(!DrainPolicyTests.isQuiet([("server", 20), ("caller", 20)], at: 29_000, since: 0))
    }

    @Test("an answered connection is quiet after the silence of the moment")
    func answered() {
        let events = [("caller", 0), ("server", 10)]
        #expect(!DrainPolicyTests.isQuiet(events, at: 1009, since: 0))
        #expect(DrainPolicyTests.isQuiet(events, at: 1010, since: 0))
        #expect(DrainPolicyTests.isQuiet([("caller", 21_000), ("server", 21_010)], at: 21_060, since: 0))
    }

    @Test("a pool that sends every 300 ms is ended between two requests after three seconds")
    func pool() {
        var endedAt: Int?
        var activity = ConnectionActivity(acceptedAt: .zero)
        for now in stride(from: 0, to: 30_000, by: 25) where endedAt == nil {
            if now % 300 == 0 { activity.callerSent(now: .milliseconds(now)) }
            if now % 300 == 25 { activity.serverSent(now: .milliseconds(now)) }
            if DrainPolicy.isQuiet(activity, now: .milliseconds(now), drainingSince: .zero) { endedAt = now }
        }
        #expect(endedAt.map { $0 > 3000 && $0 < 3400 } == true)
    }

    @Test("a pool whose pauses are just as long as the silence of a phase is ended in the middle of one, later")
    func rhythm() {
        for (pause, phase) in [(1000, 3000), (250, 6000), (100, 9000), (30, 12_000)] {
            var endedAt: Int?
            var activity = ConnectionActivity(acceptedAt: .zero)
            var next = 0
            for now in 0..<35_000 where endedAt == nil {
                if now >= 5000,
                    DrainPolicy.isQuiet(activity, now: .milliseconds(now), drainingSince: .seconds(5))
                {
                    endedAt = now
                }
                guard now == next else { continue }
                activity.callerSent(now: .milliseconds(now))
                activity.serverSent(now: .milliseconds(now))
                // A little late every other time.
                next = now + pause + (now % 2 == 0 ? 1 : -1)
            }
            #expect(
                endedAt.map { $0 >= 5000 + phase && $0 < 5000 + phase + 2 * pause } == true, "\(pause) \(endedAt ?? -1)"
            )
            if let endedAt { #expect(next - endedAt >= min(20, pause / 4) - 1) }
        }
    }

    @Test("a connection that comes late in the drain is not cut in the pauses of its answer")
    func latecomer() {
        var activity = ConnectionActivity(acceptedAt: .seconds(20))
        activity.callerSent(now: .seconds(20))
        activity.serverSent(now: .milliseconds(20_010))
        func isQuiet(at now: Int) -> Bool {
            DrainPolicy.isQuiet(activity, now: .milliseconds(now), drainingSince: .zero)
        }
        #expect(!isQuiet(at: 21_009))
        #expect(isQuiet(at: 21_010))
    }

    @Test("a silence in which bytes could not come does not count")
    func stalled() {
        func isQuiet(_ events: [(String, Int)], at now: Int) -> Bool {
            DrainPolicy.isQuiet(
                DrainPolicyTests.activity(events), now: .milliseconds(now), drainingSince: .zero,
                stalled: .milliseconds(2000))
        }
        for events in [[], [("caller", 0), ("server", 10)], [("caller", 0), ("server", 10), ("server", 900)]] {
            #expect(!isQuiet(events, at: 2999))
            #expect(isQuiet(events, at: 3000))
        }
    }

    @Test("a process that was stopped, and a tunnel that was late, have silence begin again")
    func stalls() {
        var stalls = DrainStalls(now: .zero)
        // When, whether the tunnel is late; whether a PING is due, and since when silence counts here and there.
        let looks = [
            (10, false, true, 0, 0), (109, true, false, 0, 109), (208, false, false, 0, 109),
            (308, false, true, 308, 308), (318, false, false, 308, 308),
        ]
        for (now, isLate, asks, here, tunnel) in looks {
            let asked = stalls.look(now: .milliseconds(now), isTunnelLate: isLate)
            #expect(asked == asks)
            #expect(stalls.here == .milliseconds(here))
            #expect(stalls.tunnel == .milliseconds(tunnel))
        }
    }

    @Test("a slow link's pauses are no ends")
    func slowLink() {
        var activity = ConnectionActivity(acceptedAt: .zero)
        activity.callerSent(now: .seconds(20))
        activity.serverSent(now: .milliseconds(20_100))
        func isQuiet(at now: Int) -> Bool {
            DrainPolicy.isQuiet(
                activity, now: .milliseconds(now), drainingSince: .zero, roundTrip: .milliseconds(40))
        }
        #expect(!isQuiet(at: 20_179))
        #expect(isQuiet(at: 20_180))
    }

    @Test("an answer that streams for a minute is not ended in one of its pauses")
    func streamed() {
        var activity = ConnectionActivity(acceptedAt: .zero)
        activity.callerSent(now: .zero)
        for now in stride(from: 10, to: 60_000, by: 25) {
            if (now - 10) % 400 == 0 { activity.serverSent(now: .milliseconds(now)) }
            // Its first pauses come while a second of silence is asked for.
            #expect(!DrainPolicy.isQuiet(activity, now: .milliseconds(now), drainingSince: .zero))
        }
    }
}
