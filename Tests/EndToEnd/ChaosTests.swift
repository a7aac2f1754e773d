import FaultBench
import Foundation
import Testing

extension EndToEnd {
    /// Faults by chance, under load; what was seen is recorded, and checked afterwards.
    @Suite struct ChaosTests {
        private static let environment = ProcessInfo.processInfo.environment

        /// `CHAOS_SEED` for one seed, or some with commas between; `CHAOS_SEEDS` for so many from 1 on.
        private static let seeds: [UInt64]? = {
            if let text = Self.environment["CHAOS_SEED"] { return text.split(separator: ",").compactMap { UInt64($0) } }
            return Self.environment["CHAOS_SEEDS"].flatMap(UInt64.init).map { Array(1...max($0, 1)) }
        }()

        /// A minute of it, always the same: what `make test` can bear.
        @Test("one short seed", .enabled(if: Self.seeds == nil), .timeLimit(.minutes(4)))
        func short() async throws {
            let kinds: [FaultKind] = [
                .pluginKill, .forwardKill, .linkReset, .linkDelay, .proxyPause, .deletePod, .apply, .colleagueJoin,
                .colleagueLeave, .colleagueKill,
            ]
            let report = try await ChaosReport.of([3], lanes: 1, kinds: kinds, count: 8, seconds: 26)
            tell(report.text)
            #expect(report.violations.isEmpty)
        }

        @Test("seeds asked for", .enabled(if: Self.seeds != nil), .timeLimit(.minutes(180)))
        func asked() async throws {
            let seeds = Self.seeds ?? []
            let lanes = Self.environment["CHAOS_LANES"].flatMap { Int($0) } ?? min(2, seeds.count)
            let report = try await ChaosReport.of(seeds, lanes: lanes, kinds: try await ChaosReport.kinds())
            tell(report.text)
            #expect(report.violations.isEmpty)
            if seeds.count >= 50 { #expect(report.missing.isEmpty, "kinds that never came up") }
        }
    }
}
