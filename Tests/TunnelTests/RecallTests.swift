import Testing

@testable import Tunnel

@Suite("Recall policy")
struct RecallPolicyTests {
    private static func at(_ seconds: Double, _ recall: inout Recall, passing: Int = 1, isUsable: Bool = true)
        -> Recall.OnTimePassed
    {
        recall.timePassed(now: .seconds(seconds), passing: passing, isUsable: isUsable)
    }

    @Test("the laptop is asked once a second at most, and seldom when it goes on refusing")
    func asks() {
        var recall = Recall()
        recall.passedThrough(now: .zero)
        #expect(Self.at(0.9, &recall) == .nothing)
        var now = 1.0
        for pause in [2.0, 4, 8, 8, 8] {
            #expect(Self.at(now, &recall) == .ask)
            // Nobody asks twice, however long the answer takes.
            #expect(Self.at(now + 5, &recall) == .nothing)
            recall.refused(now: .seconds(now))
            #expect(Self.at(now + pause - 0.1, &recall) == .nothing)
            now += pause
        }
    }

    @Test("connections are ended while the local process answers, whoever found out")
    func answered() {
        var recall = Recall()
        recall.answered()
        #expect(!recall.isOn)
        recall.passedThrough(now: .zero)
        recall.answered()
        #expect(recall.isOn)
        #expect(Self.at(0.1, &recall) == .endQuiet)
        recall.refused(now: .seconds(1))
        #expect(!recall.isOn)
        #expect(Self.at(1.9, &recall) == .nothing)
        #expect(Self.at(2, &recall) == .ask)
        // One that passes through later does not have the question put off.
        recall.passedThrough(now: .seconds(2))
        recall.answered()
        #expect(Self.at(2.1, &recall) == .endQuiet)
        #expect(Self.at(2.2, &recall, passing: 0) == .stop)
        #expect(!recall.isOn)
    }

    @Test("while the link takes nothing nobody is asked, and nothing is ended")
    func linkDown() {
        var recall = Recall()
        recall.passedThrough(now: .zero)
        recall.answered()
        #expect(Self.at(5, &recall, isUsable: false) == .nothing)
        #expect(!recall.isOn)
        #expect(Self.at(5.9, &recall) == .nothing)
        #expect(Self.at(6, &recall) == .ask)
    }
}
