import Foundation

/// The bytes of one direction that are under way, each with the moment in which it arrives.
///
/// Unchecked: the condition guards everything.
final class RelayRoad: @unchecked Sendable {
    /// How many bytes are under way at most; then the sender has to wait, as with any network.
    private static let limit = 1 << 20

    private let condition = NSCondition()
    private var bytes: [(due: ContinuousClock.Instant, bytes: [UInt8])] = []
    private var count = 0
    private var last = ContinuousClock.now

    /// Whether the sender has to wait.
    var isFull: Bool { self.locked { self.count > Self.limit } }

    /// Puts bytes on the road; none is the end.
    func add(_ bytes: [UInt8], _ weather: FaultRelay.Weather) {
        self.locked {
            var due = ContinuousClock.now + weather.delay + weather.jitter * Double.random(in: 0...1)
            if bytes.isEmpty { due += weather.closeDelay }
            due = max(due, self.last)
            if let rate = weather.bytesPerSecond { due += .seconds(Double(bytes.count) / Double(rate)) }
            self.last = due
            self.bytes.append((due, bytes))
            self.count += bytes.count
            self.condition.signal()
        }
    }

    /// The next bytes, if they arrive within half a second; none is the end.
    func next() -> [UInt8]? {
        self.locked {
            if self.bytes.isEmpty { _ = self.condition.wait(until: Date(timeIntervalSinceNow: 0.5)) }
            guard let first = self.bytes.first else { return nil }
            let wait = (first.due - ContinuousClock.now) / .seconds(1)
            guard wait <= 0 else {
                _ = self.condition.wait(until: Date(timeIntervalSinceNow: min(wait, 0.5)))
                return nil
            }
            self.bytes.removeFirst()
            self.count -= first.bytes.count
            return first.bytes
        }
    }

    private func locked<Value>(_ body: () -> Value) -> Value {
        self.condition.lock()
        defer { self.condition.unlock() }
        return body()
    }
}
