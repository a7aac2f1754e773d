import NIOCore
import Requests
import Testing

@testable import Tunnel

/// What is kept of a request until its answer begins.
@Suite struct RequestReplayTests {
    private func head() throws -> RequestHead {
        var reader = RequestHeadReader()
        let bytes = Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n".utf8)
        let reading = bytes.withUnsafeBytes { reader.read($0) }
        return try #require({ if case .head(let head) = reading { head } else { nil } }())
    }

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

    @Test("all requests together keep no more than the budget, and give it back")
    func budget() throws {
        let budget = ReplayBudget()
        let part = ByteBuffer(repeating: 1, count: RequestReplay.limit)
        var requests: [RequestUnderWay] = []
        for _ in 0..<1000 {
            let request = RequestUnderWay(try self.head(), budget: budget)
            request.taken()
            request.keep(part)
            requests.append(request)
        }
        #expect(requests.count { $0.replay.isWhole } == ReplayBudget.limit / RequestReplay.limit)
        #expect(budget.byteCount == ReplayBudget.limit)
        requests = []
        #expect(budget.byteCount == 0)
    }
}
