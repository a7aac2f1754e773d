import NIOCore
import Testing

@testable import Tunnel

/// What is kept of a request until its answer begins.
@Suite struct RequestReplayTests {
    @Test(
        "until it is taken the caller is read as far as it can be kept; then it may have more, and is whole no longer")
    func limits() {
        var replay = RequestReplay()
        let part = ByteBuffer(repeating: 1, count: RequestReplay.limit / 2)
        replay.sent(part)
        #expect(replay.allowsReading)
        replay.sent(part)
        #expect(!replay.allowsReading && replay.isWhole)
        replay.taken()
        #expect(replay.allowsReading && replay.isWhole)
        #expect(replay.bytes?.readableBytes == RequestReplay.limit)
        replay.taken()
        replay.sent(ByteBuffer(repeating: 2, count: 1))
        #expect(!replay.isWhole && replay.bytes == nil && replay.allowsReading)
    }

    @Test(
        "all requests together keep no more than the budget, those of a connection no more than its part, and give it back"
    )
    func budget() {
        let whole = ReplayBudget()
        let part = ByteBuffer(repeating: 1, count: RequestReplay.limit)
        func replays(_ count: Int, _ budget: ReplayBudget) -> [BudgetedReplay] {
            (0..<count).map { _ in
                let replay = BudgetedReplay(budget: budget)
                replay.taken()
                replay.keep(part)
                return replay
            }
        }
        var connection = replays(10, ReplayBudget(limit: ReplayBudget.connectionLimit, partOf: whole))
        #expect(connection.count { $0.isWhole } == ReplayBudget.connectionLimit / RequestReplay.limit)
        #expect(whole.byteCount == ReplayBudget.connectionLimit)
        var others = replays(1000, whole)
        #expect(
            others.count { $0.isWhole } == (ReplayBudget.limit - ReplayBudget.connectionLimit) / RequestReplay.limit)
        #expect(whole.byteCount == ReplayBudget.limit)
        (connection, others) = ([], [])
        #expect(whole.byteCount == 0)
    }
}
