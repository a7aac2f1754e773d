import FaultBench
import Foundation

/// Faults that strike everybody on the cluster: one at a time, told to all lanes, and not while a lane sets up.
actor ClusterFaults {
    private var log: [(lane: Int, fault: History.Fault)] = []
    private var isStriking = false
    private var quiet = 0

    /// When the last of them was over; now, while one lasts.
    var lastEnd: Double { self.isStriking ? monotonicSeconds() : self.log.last?.fault.end ?? 0 }

    /// Begins a time in which nothing cluster-wide happens; `leave` ends it.
    func enter() async throws {
        while self.isStriking { try await Task.sleep(for: .milliseconds(50)) }
        self.quiet += 1
    }

    func leave() { self.quiet -= 1 }

    func strike(_ kind: FaultKind, amount: Double, lane: Int) async throws -> History.Fault {
        while self.isStriking || self.quiet > 0 { try await Task.sleep(for: .milliseconds(50)) }
        self.isStriking = true
        defer { self.isStriking = false }
        let component: Component = kind == .kubeletKill || kind == .kubeletPause ? .kubelet : .server
        var fault = History.Fault(kind, begin: monotonicSeconds())
        fault.settled = nil
        let index = self.log.count
        self.log.append((lane, fault))
        switch kind {
        case .kubeletKill, .serverKill:
            try await component.killAndStart()
        default:
            let seconds = 1 + amount * 8
            component.send(SIGSTOP)
            defer { component.send(SIGCONT) }
            fault.detail = "for \(seconds) s"
            try await Task.sleep(for: .seconds(seconds))
        }
        fault.end = monotonicSeconds()
        self.log[index] = (lane, fault)
        return fault
    }

    /// What other lanes have struck since a moment; how they got over it is theirs to tell.
    func others(than lane: Int, since begin: Double) -> [History.Fault] {
        self.log.filter { $0.lane != lane && $0.fault.end >= begin }.map { entry in
            var fault = entry.fault
            fault.settled = fault.end
            return fault
        }
    }
}
