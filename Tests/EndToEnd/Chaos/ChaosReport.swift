import FaultBench
import Foundation

/// What came of many seeds.
struct ChaosReport: Sendable {
    private(set) var violations: [UInt64: [Violation]] = [:]
    private(set) var errors: [UInt64: String] = [:]
    private var counts: [FaultKind: Int] = [:]
    private var requests = 0
    private var failed = 0
    private var seconds = 0.0
    private var seeds = 0
    private let kinds: [FaultKind]

    private init(kinds: [FaultKind]) { self.kinds = kinds }

    /// The kinds that never came up.
    var missing: [FaultKind] { self.kinds.filter { self.counts[$0] == nil } }

    /// What can go wrong with this version of the plugin; `CHAOS_KINDS` names some of it.
    static func kinds() async throws -> [FaultKind] {
        if let names = ProcessInfo.processInfo.environment["CHAOS_KINDS"] {
            return names.split(separator: ",").compactMap { FaultKind(rawValue: String($0)) }
        }
        let help = try await run([Lab.shared.plugin, "intercept", "--help"]).everything
        return FaultKind.allCases.filter { $0 != .takeOver || help.contains("--take-over") }
    }

    /// Runs seeds, so many at once, and checks each history; those that show a violation are kept.
    static func of(
        _ seeds: [UInt64], lanes: Int, kinds: [FaultKind], count: Int = Schedule.count, seconds: Double = 60
    ) async throws -> ChaosReport {
        let cluster = ClusterFaults()
        var report = ChaosReport(kinds: kinds)
        try await withThrowingTaskGroup(of: (Int, UInt64, Result<History, any Error>).self) { group in
            var waiting = seeds[...]
            func next(_ lane: Int) {
                guard let seed = waiting.popFirst() else { return }
                group.addTask {
                    tell("chaos: seed \(seed) begins in lane \(lane)")
                    let schedule = Schedule(seed: seed, kinds: kinds, count: count, seconds: seconds)
                    let rate = 200 / Double(lanes)
                    do {
                        let history = try await ChaosLane.run(schedule, number: lane, rate: rate, cluster: cluster)
                        return (lane, seed, .success(history))
                    } catch {
                        return (lane, seed, .failure(error))
                    }
                }
            }
            for lane in 0..<lanes { next(lane) }
            for try await (lane, seed, result) in group {
                report.add(seed, result)
                next(lane)
            }
        }
        return report
    }

    private mutating func add(_ seed: UInt64, _ result: Result<History, any Error>) {
        self.seeds += 1
        let history: History
        switch result {
        case .failure(let error):
            tell("chaos: seed \(seed) could not go on: \(error)")
            self.errors[seed] = "\(error)"
            self.violations[seed, default: []].append(Violation(.i11, at: 0, "could not go on: \(error)"))
            return
        case .success(let found): history = found
        }
        let found = Checker.violations(in: history)
        for fault in history.faults { self.counts[fault.kind, default: 0] += 1 }
        self.requests += history.requests.count
        let failed = history.requests.count { !$0.ok }
        self.failed += failed
        let seconds = (history.end - (history.requests.map(\.start).min() ?? history.end)).rounded()
        self.seconds += seconds
        tell(
            "chaos: seed \(seed): \(history.faults.count) faults in \(seconds) s, \(history.sessions.count) sessions, "
                + "\(history.requests.count) requests, \(failed) failed, \(found.count) violations")
        guard !found.isEmpty else { return }
        self.violations[seed] = found
        tell("  \(Checker.summary(found))")
        var told: [Invariant: Int] = [:]
        for violation in found {
            told[violation.invariant, default: 0] += 1
            if told[violation.invariant, default: 0] <= 5 { tell("  \(violation)") }
        }
        tell("  its history: \(Self.keep(history) ?? "not kept")")
    }

    /// Writes a history down; where.
    private static func keep(_ history: History) -> String? {
        let folder = ProcessInfo.processInfo.environment["CHAOS_FOLDER"] ?? NSTemporaryDirectory() + "/chaos"
        let file = URL(fileURLWithPath: folder).appendingPathComponent("seed-\(history.seed).json")
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try encoder.encode(history).write(to: file)
            return file.path
        } catch {
            return nil
        }
    }

    /// The table for people.
    var text: String {
        let rows = self.kinds.map { kind in "| \(kind.rawValue) | \(self.counts[kind] ?? 0) |" }
        return """
            \(self.seeds) seeds, \(Int(self.seconds)) s of load, \(self.requests) requests, \(self.failed) failed, \
            \(self.violations.values.reduce(0) { $0 + $1.count }) violations in \(self.violations.count) seeds

            | fault | times |
            |---|---|
            \(rows.joined(separator: "\n"))
            """
    }
}
