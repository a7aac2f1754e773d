import FaultBench
import Foundation
import Testing

extension EndToEnd {
    /// A crash after every single write (I10): the Service answers all the time, and everything ends well.
    @Suite struct CrashPointTests {
        /// Every how many writes one is crashed after: all of them, unless told otherwise.
        private static let step = ProcessInfo.processInfo.environment["CRASH_STEP"].flatMap { Int($0) } ?? 1

        @Test("a crash after every write", arguments: CrashPoint.Scenario.allCases)
        func all(scenario: CrashPoint.Scenario) async throws {
            try await CrashHook.with { hook in
                let points = try await CrashPoint.all(scenario, lanes: 4, every: Self.step, hook: hook)
                for point in points {
                    let write = point.write ?? "no crash"
                    tell("\(scenario.rawValue) \(point.number): \(write), recovered by the \(point.recoverer.rawValue)")
                    #expect(point.violations.isEmpty, "\(point.number): \(write)")
                    // From the Deployment's creation to its deletion there is another client in the cluster to do it. Before
                    // and after, what is left is found by the next intercept, and by `restore`. A controller is always there.
                    if scenario.isControlled || write.hasPrefix("update") || write.hasPrefix("create deployments") {
                        #expect(point.recoverer == .cluster, "\(point.number): \(write)")
                    }
                }
                // The last had no write left to crash after; the others had.
                #expect(points.contains { $0.write != nil })
                #expect(points.contains { $0.write == nil })
            }
        }
    }
}
