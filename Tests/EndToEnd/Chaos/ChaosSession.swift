import FaultBench
import Foundation

/// One plugin of a chaos run, with its own local process.
final class ChaosSession: Sendable {
    /// A line of `-o json`.
    private struct Event: Decodable {
        var event: String
        var at: Double
    }

    let plugin: Running
    let local: LocalProcess
    let children: [ProcessEntry]
    let record: History.Session

    /// Its tunnel: the identity of the session that made it.
    let tunnel: String

    private init(
        plugin: Running, local: LocalProcess, children: [ProcessEntry], record: History.Session, tunnel: String
    ) {
        (self.plugin, self.local, self.children) = (plugin, local, children)
        (self.record, self.tunnel) = (record, tunnel)
    }

    /// Starts a plugin and waits until it has what it claims; `nil` when it ended before.
    ///
    /// - Parameters:
    ///   - port: The local process's.
    ///   - network: Its way to the API server; `nil` for a fair one.
    ///   - offset: How wrong the laptop's clock is, in seconds.
    static func start(
        _ shop: Shop, number: Int, claim: History.Claim = History.Claim(), port: Int, lease: Int, arrivals: URL,
        network: BadNetwork?, offset: Int = 0, words: [String] = []
    ) async throws -> (session: ChaosSession?, record: History.Session) {
        let who = "laptop-\(number)"
        let local = try await LocalProcess.start(who: who, port: port, arrivals: arrivals)
        var environment = network?.environment ?? [:]
        if offset != 0 { environment.merge(try await WrongClock.environment(seconds: offset)) { _, new in new } }
        let begin = monotonicSeconds()
        let plugin = try shop.start(
            [
                "intercept", "web", "--port", "\(port):\(claim.port)", "--lease-duration", "\(lease)", "--yes", "-o",
                "json",
            ]
                + (claim.user.map { ["--header", "x-user=\($0)"] } ?? []) + words,
            host: who, environment: environment)
        try await eventually(within: 90, "ready or ended: \(plugin.output) \(plugin.error)") {
            !plugin.isRunning || plugin.output.contains("\"event\":\"ready\"")
        }
        var record = History.Session(
            identity: nil, who: who, claim: claim, begin: begin, ready: monotonicSeconds())
        record.clockOffset = Double(offset)
        let mark = plugin.output.components(separatedBy: "\"session\":\"").dropFirst().first
        guard let identity = mark?.prefix(while: { $0 != "\"" }), !identity.isEmpty else {
            plugin.send(SIGKILL)
            try await local.stop()
            record.ready = nil
            record.end = monotonicSeconds()
            record.said = plugin.output + plugin.error
            return (nil, record)
        }
        record.identity = String(identity)
        let session = ChaosSession(
            plugin: plugin, local: local, children: Descendants.of(plugin.pid), record: record,
            tunnel: await Self.tunnel(shop) ?? String(identity))
        return (session, record)
    }

    /// The tunnel that the Service is marked with; `nil` where it is not any more, or nobody answers.
    static func tunnel(_ shop: Shop) async -> String? {
        let path = "jsonpath={.metadata.annotations.kubectl-tunnel/session}"
        let mark = try? await kubectl("-n", shop.namespace, "get", "service", "web", "-o", path)
        return mark.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// What is known of it now that its plugin has ended.
    func ended(at time: Double, wasKilled: Bool) async throws -> History.Session {
        var record = self.record
        record.end = time
        record.status = try await self.plugin.finish(within: 10).status
        record.wasKilled = wasKilled
        record.said = self.plugin.output + self.plugin.error
        record.linkLosses = record.said.split(separator: "\n").compactMap { line in
            let event = try? JSONDecoder().decode(Event.self, from: Data(line.utf8))
            return event?.event == "link-lost" ? event.map { record.begin + $0.at } : nil
        }
        // Whoever asks for it will have found another client by now.
        try await self.local.stop()
        return record
    }
}
