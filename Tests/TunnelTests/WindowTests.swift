import FaultBench
import NIOCore
import Testing

@testable import Tunnel

@Suite("Windows and held bytes")
struct WindowTests {
    @Test("the window of a fast reader grows up to 16 MiB, and stays where the reader is the limit")
    func grows() {
        var budget = WindowBudget.pod
        let opening = budget.reserveOpening()
        var window = StreamWindow(initialWindow: budget.initialWindow, opening: opening)
        #expect(window.target == 262_144)
        var credited = 0
        var passed = 0
        for step in 0..<20_000 {
            passed += 16_384
            credited +=
                window.passedOn(16_384, now: .microseconds(step * 10), roundTrip: .milliseconds(20), budget: &budget)
                ?? 0
        }
        #expect(window.target == WindowBudget.maximumWindow)
        #expect(budget.reserved == window.reserved)
        // Everything passed on is credited sooner or later, and the growth on top.
        let growth = window.target - 262_144
        #expect(credited <= passed + growth && credited > passed + growth - window.target / 4)
        var slow = StreamWindow(initialWindow: 16_384, opening: 0)
        for step in 0..<1000 {
            _ = slow.passedOn(16_384, now: .milliseconds(step * 50), roundTrip: .milliseconds(20), budget: &budget)
        }
        #expect(slow.target == 16_384)
    }

    @Test("a window that is the limit grows fourfold, and twofold where the budget is too full for that")
    func steps() {
        var budget = WindowBudget(initialWindow: 65_536, limit: 65_536 * 5)
        var window = StreamWindow(initialWindow: 65_536, opening: 0)
        var targets: [Int] = []
        for step in 0..<100 {
            _ = window.passedOn(16_384, now: .microseconds(step * 10), roundTrip: .milliseconds(20), budget: &budget)
            if targets.last != window.target { targets.append(window.target) }
        }
        #expect(targets == [65_536, 65_536 * 4])
        var other = WindowBudget(initialWindow: 65_536, limit: 65_536 * 2)
        window = StreamWindow(initialWindow: 65_536, opening: 0)
        for step in 0..<100 {
            _ = window.passedOn(16_384, now: .microseconds(step * 10), roundTrip: .milliseconds(20), budget: &other)
        }
        #expect(window.target == 65_536 * 2)
    }

    @Test("windows together never exceed the budget, whatever opens, grows and ends")
    func budget() {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        var budget = WindowBudget.pod
        var windows: [StreamWindow] = []
        var now: Duration = .zero
        for _ in 0..<20_000 {
            now += .microseconds(50)
            switch Int.random(in: 0..<10, using: &generator) {
            case 0:
                windows.append(StreamWindow(initialWindow: 16_384, opening: budget.reserveOpening()))
            case 1 where !windows.isEmpty && windows.count > 300:
                let index = Int.random(in: 0..<windows.count, using: &generator)
                budget.release(windows.remove(at: index).reserved)
            default:
                guard let index = windows.indices.randomElement(using: &generator) else { continue }
                _ = windows[index].passedOn(1_000_000, now: now, roundTrip: .seconds(1), budget: &budget)
            }
            #expect(budget.reserved <= budget.limit, "seed \(seed)")
        }
        #expect(budget.reserved == windows.reduce(0) { $0 + $1.reserved }, "seed \(seed)")
    }

    @Test("held bytes come out as they went in")
    func held() {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        var held = HeldBytes()
        var expected: [UInt8] = []
        var got: [UInt8] = []
        for round in 0..<2000 {
            let bytes = pattern(Int.random(in: 0...3000, using: &generator), seed: UInt64(round))
            held.append(ByteBuffer(bytes: bytes))
            expected += bytes
            if Int.random(in: 0..<4, using: &generator) == 0, let chunk = held.popFirst() {
                #expect(chunk.readableBytes <= HeldBytes.chunkByteCount)
                got += Array(chunk.readableBytesView)
            }
            #expect(held.byteCount == expected.count - got.count, "seed \(seed)")
        }
        while let chunk = held.popFirst() { got += Array(chunk.readableBytesView) }
        #expect(got == expected, "seed \(seed)")
        #expect(held.isEmpty)
    }

    @Test("control lines come out at any split, without those that are too long")
    func lines() {
        let text = "one\n" + String(repeating: "x", count: 5000) + "\n\ntwo é\nrest"
        for size in [1, 2, 3, 100, 10_000] {
            var lines = ControlLines()
            var got: [String] = []
            let bytes = Array(text.utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                got += lines.received(ByteBuffer(bytes: bytes[start..<min(bytes.count, start + size)]))
            }
            #expect(got == ["one", "", "two é"])
        }
    }

    @Test("the oldest of too many waiting lines is dropped")
    func lineQueue() {
        var queue = ControlQueue()
        for index in 0..<100 { queue.append(ByteBuffer(string: "\(index)")) }
        #expect(queue.popFirst() == ByteBuffer(string: "36"))
    }
}
