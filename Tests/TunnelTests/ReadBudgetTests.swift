import NIOCore
import Testing

@testable import Tunnel

/// What the sockets of one end hold together.
@Suite struct ReadBudgetTests {
    /// A pipe of which only what the test needs is real.
    private final class FakePipe: BytePipe {
        var owner: (any BytePipeOwner)?
        var isWritable = true
        var isReading = false
        var waiting: [() -> Void] = []

        func write(_ bytes: ByteBuffer, sent: (() -> Void)?) { if let sent { self.waiting.append(sent) } }
        func flush() {}
        func finish() {}
        func reset() {}
        func setReading(_ isReading: Bool) { self.isReading = isReading }
        func passedOn(byteCount: Int) {}
        func add(_ handlers: [any ChannelHandler]) {}

        /// The other side takes the oldest piece.
        func takeOne() { self.waiting.removeFirst()() }
    }

    private static let piece = ByteBuffer(repeating: 0, count: 1024)

    @Test("a full budget stops whoever has something under way, and lets others read a little")
    func full() {
        let budget = ReadBudget(limit: 2 * Self.piece.storageCapacity)
        let (first, second) = (FakePipe(), FakePipe())
        let (firstFar, secondFar) = (FakePipe(), FakePipe())
        let relay = Relay(near: first, far: firstFar, budget: budget)
        let other = Relay(near: second, far: secondFar, budget: budget)
        relay.nearSent(Self.piece)
        relay.flushFar(allowsReading: true)
        #expect(first.isReading)
        relay.nearSent(Self.piece)
        relay.flushFar(allowsReading: true)
        #expect(budget.isFull)
        #expect(!first.isReading)
        other.flushFar(allowsReading: true)
        #expect(second.isReading)
        other.nearSent(Self.piece)
        other.flushFar(allowsReading: true)
        #expect(!second.isReading)
        // Its own progress goes on, whatever others hold.
        secondFar.takeOne()
        #expect(second.isReading)
        firstFar.takeOne()
        #expect(first.isReading)
        firstFar.takeOne()
        #expect(budget.used == 0)
    }

    @Test("what a pipe never took is restored with its relay")
    func neverTaken() {
        let budget = ReadBudget(limit: 1)
        let far = FakePipe()
        var relay: Relay? = Relay(near: FakePipe(), far: far, budget: budget)
        relay?.nearSent(Self.piece)
        #expect(budget.isFull)
        relay = nil
        far.waiting = []
        #expect(budget.used == 0)
    }

    @Test("who may not read at all is not read when there is room again")
    func notAllowed() {
        let budget = ReadBudget(limit: 1)
        let (near, far) = (FakePipe(), FakePipe())
        let relay = Relay(near: near, far: far, budget: budget)
        relay.nearSent(Self.piece)
        relay.flushFar(allowsReading: false)
        far.takeOne()
        #expect(!near.isReading)
    }

    @Test("while the budget is full a read is 4 KiB at most")
    func smallReads() {
        let budget = ReadBudget(limit: 10)
        let allocator = FrameSizedAllocator(budget)
        var busy = allocator
        for _ in 0..<10 { _ = busy.record(actualReadBytes: 65_536) }
        #expect(busy.buffer(allocator: ByteBufferAllocator()).writableBytes > 60_000)
        budget.take(10)
        #expect(busy.buffer(allocator: ByteBufferAllocator()).writableBytes <= ReadBudget.smallRead)
        budget.giveBack(10)
        #expect(busy.buffer(allocator: ByteBufferAllocator()).writableBytes > 60_000)
    }

    @Test(
        "receive buffers share 64 MiB, but have 16 KiB each",
        arguments: [(1, 262_144), (256, 262_144), (1024, 65_536), (100_000, 16_384)])
    func receiveBuffers(connections: Int, size: Int) {
        #expect(Int(PodListeners.receiveBuffer(connections: connections)) == size)
    }
}
