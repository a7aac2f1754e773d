import Testing

@testable import Tunnel

@Suite struct AnswerWatchTests {
    @Test("a caller without an answer for 5 s is told once a route; one that is answered, or gone, is not")
    func late() {
        var watch = AnswerWatch()
        watch.asked(1, of: "web:80", now: .zero)
        watch.asked(2, of: "web:80", now: .seconds(1))
        watch.asked(3, of: "web:90", now: .zero)
        watch.answered(3)
        #expect(watch.timePassed(now: .milliseconds(4999)) == [])
        #expect(watch.timePassed(now: .seconds(5)) == ["web:80"])
        #expect(watch.isIdle)
        watch.asked(4, of: "web:80", now: .seconds(6))
        #expect(watch.timePassed(now: .seconds(20)) == [])
        watch.asked(5, of: "web:90", now: .seconds(20))
        #expect(!watch.isIdle)
        #expect(watch.timePassed(now: .seconds(25)) == ["web:90"])
    }
}
