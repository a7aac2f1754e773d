import Testing

@testable import Tunnel

@Suite struct TapPolicyTests {
    private static let plenty = 1 << 30

    @Test("what does not fit ends the copy, and nothing of it is sent any more")
    func full() {
        var tap = TapPolicy()
        #expect(tap.offered(TapPolicy.limit, room: Self.plenty) == .write)
        tap.sent(1)
        #expect(tap.offered(1, room: Self.plenty) == .write)
        #expect(tap.offered(1, room: Self.plenty) == .drop(.full))
        #expect(tap.isOver && tap.offered(1, room: Self.plenty) == .ignore)
        #expect(tap.waiting == TapPolicy.limit)
    }

    @Test("the others' copies take room, too")
    func room() {
        var tap = TapPolicy()
        #expect(tap.offered(10, room: 10) == .write)
        #expect(tap.offered(1, room: 0) == .drop(.full))
    }

    @Test("a process that has ended before the caller gets no more; one that does so behind it has it all")
    func ended() {
        var early = TapPolicy()
        early.laptopEnded()
        #expect(early.offered(1, room: Self.plenty) == .drop(.refused))
        var late = TapPolicy()
        _ = late.offered(1, room: Self.plenty)
        late.finished()
        #expect(!late.isOver)
        late.laptopEnded()
        #expect(late.isOver)
        var both = TapPolicy()
        both.laptopEnded()
        both.finished()
        #expect(both.isOver)
    }

    @Test("a stream that is gone has lost a copy, unless all of it was on its way", arguments: [true, false])
    func failed(isSent: Bool) {
        var tap = TapPolicy()
        _ = tap.offered(5, room: Self.plenty)
        tap.finished()
        if isSent { tap.sent(5) }
        let isLost = tap.failed()
        #expect(isLost == !isSent && tap.isOver)
        var open = TapPolicy()
        _ = open.offered(5, room: Self.plenty)
        open.finished()
        open.reopened()
        let isOpenLost = open.failed()
        #expect(isOpenLost)
    }
}
