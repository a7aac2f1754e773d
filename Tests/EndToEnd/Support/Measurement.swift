import FaultBench
import Foundation

/// What callers notice of one kind of fault, measured several times.
struct Measurement: Sendable {
    /// The fault and what it may cost.
    enum Kind: String, CaseIterable, Sendable {
        case pluginKill = "`kill -9` of the plugin"
        case blackHole = "the laptop's link goes silent"
        case deletePod = "the proxy's pod is deleted"
        case proxyKill = "`SIGKILL` of the proxy's container"
    }

    /// One run.
    struct Run: Sendable {
        /// Until the originals answered a new connection, in milliseconds after the fault.
        var originals: Double
        /// The longest that a connection begun after the fault waited for its answer, in milliseconds.
        var wait: Double
        /// Failed requests, of those on a connection of their own and of those on kept ones and streams.
        var failedFresh: Int
        var failedOthers: Int
        /// Failed requests on connections of their own that had begun after the fault.
        var failedLater: Int
        /// The time between the first failure of a new connection and the last, in milliseconds.
        var refused: Double
        /// Until the Service was as before, or its proxy was back, in seconds.
        var restored: Double
    }

    let kind: Kind
    var runs: [Run] = []

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    private func column(_ value: (Run) -> Double, digits: Int = 0) -> String {
        let values = self.runs.map(value)
        func text(_ number: Double) -> String { String(format: "%.\(digits)f", number) }
        return "\(text(Self.median(values))) / \(text(values.max() ?? 0))"
    }

    /// Its line of the table: medians and worst.
    var row: String {
        let cells = [
            self.kind.rawValue, self.column(\.originals), self.column(\.wait),
            self.column { Double($0.failedFresh) }, self.column { Double($0.failedOthers) },
            self.column(\.restored, digits: 1),
        ]
        return "| " + cells.joined(separator: " | ") + " |"
    }

    /// The table of several, in Markdown.
    static func table(_ measurements: [Measurement], lease: Int) -> String {
        let runs = measurements.first?.runs.count ?? 0
        return """

            Median / worst of \(runs) runs on the local cluster, 200 requests a second, `--lease-duration \(lease)`:

            | what happens | originals answer after (ms) | longest wait of a new connection (ms) | failed: new connections | \
            failed: kept connections, streams | Service as before after (s) |
            |---|---|---|---|---|---|
            \(measurements.map(\.row).joined(separator: "\n"))

            What fails are requests that were at the laptop, or in the proxy, when it happened. Measured by `make reliability`.


            """
    }
}
