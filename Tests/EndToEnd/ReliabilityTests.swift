import FaultBench
import Foundation
import Testing

extension EndToEnd {
    /// The worst cases, measured, and held against DESIGN's bounds.
    @Suite struct ReliabilityTests {
        private static let environment = ProcessInfo.processInfo.environment
        private static let lease = 5

        @Test(
            "what callers notice of a fault is within the bounds", .timeLimit(.minutes(30)),
            .enabled(if: Lab.isThorough || Self.environment["RELIABILITY_TABLE"] != nil, "make test-all measures it"))
        func bounds() async throws {
            let runs = Self.environment["RELIABILITY_RUNS"].flatMap { Int($0) } ?? 1
            var measurements = Measurement.Kind.allCases.map { Measurement(kind: $0) }
            try await Shop.with(deployments: [Shop.deployment(replicas: 2)]) { shop in
                let network = try BadNetwork()
                try await shop.expect("cluster")
                for _ in 0..<runs {
                    for index in measurements.indices {
                        let run = try await self.measure(measurements[index].kind, shop, network)
                        tell("\(measurements[index].kind): \(run)")
                        measurements[index].runs.append(run)
                        self.check(run, measurements[index].kind)
                    }
                }
                network.relay.stop()
            }
            let table = Measurement.table(measurements, lease: Self.lease)
            tell(table)
            if let file = Self.environment["RELIABILITY_TABLE"] {
                try table.write(toFile: file, atomically: true, encoding: .utf8)
            }
        }

        /// DESIGN's bounds, one run after the other.
        private func check(_ run: Measurement.Run, _ kind: Measurement.Kind) {
            switch kind {
            case .pluginKill:
                #expect(run.originals <= 1500, "known dead ≤ 1.5 s")
                #expect(run.failedLater == 0, "only requests in flight")
                #expect(run.restored <= Double(Self.lease) + 5, "Lease + 5 s")
            case .blackHole:
                #expect(run.originals <= 1600, "≤ 1.5 s after the first unanswered one, which comes 5 ms later")
                #expect(run.failedLater == 0, "new connections are answered")
                #expect(run.wait <= 2500, "and soon: 1.5 s, and a second for two busy cores")
                #expect(run.restored <= Double(Self.lease) + 5, "Lease + 5 s")
            case .deletePod:
                #expect(run.failedFresh + run.failedOthers == 0, "no request fails")
            case .proxyKill:
                #expect(run.refused <= 3000, "≤ 3 s refused")
                #expect(run.restored <= 5, "restored or Ready again ≤ 5 s")
            }
        }

        private func measure(
            _ kind: Measurement.Kind, _ shop: Shop, _ network: BadNetwork
        ) async throws -> Measurement.Run {
            let local = try await LocalProcess.start(port: 3000)
            let before = try await shop.serviceText()
            let plugin = try await shop.intercept(
                "--port", "3000", "--lease-duration", "\(Self.lease)", environment: network.environment)
            let target = "\(try await shop.address()):80"
            let fresh = try Load.start(.connectionPerRequest, target: target, rate: 180)
            let others = [
                try Load.start(.keepAlivePool, target: target, rate: 20),
                try Load.start(.stream, target: target, rate: 0.5, streamSeconds: 4),
            ]
            try await fresh.expect("laptop")
            let session = try await shop.sessions().first?.session ?? ""
            let fault = monotonicSeconds()
            var restored = 0.0
            switch kind {
            case .pluginKill, .blackHole:
                if kind == .pluginKill { plugin.send(SIGKILL) } else { network.relay.hold() }
                try await eventually(within: 30, "restored") { try await shop.serviceText() == before }
                restored = monotonicSeconds() - fault
                network.relay.release()
            case .deletePod:
                try await kubectl(
                    "-n", shop.namespace, "delete", "pod", "-l", "kubectl-tunnel/component=proxy", "--wait=false")
                try await eventually(within: 30, "restored") {
                    try await !shop.serviceText().contains("kubectl-tunnel/session")
                }
                restored = monotonicSeconds() - fault
                try await eventually(within: 60, "back: \(plugin.error)") { plugin.error.contains("tunnel is back") }
            case .proxyKill:
                let process = try #require(ProxyProcess.of(session: session))
                kill(process.pid, SIGKILL)
                try await eventually(within: 30, "the proxy is there again") {
                    ProxyProcess.of(session: session).map { $0.pid != process.pid } ?? false
                }
                restored = monotonicSeconds() - fault
                try await fresh.expect("laptop", within: 30)
            }
            plugin.send(SIGINT)
            _ = try await plugin.finish(within: 60)
            for load in [fresh] + others { _ = try await load.finish() }
            try await eventually(within: 60, "nothing is left") { try await shop.leftovers().isEmpty }
            try await local.stop()
            return Self.run(
                fault: fault, restored: restored, fresh: try fresh.requests(),
                others: try others.flatMap { try $0.requests() })
        }

        private static func run(
            fault: Double, restored: Double, fresh: [History.Request], others: [History.Request]
        ) -> Measurement.Run {
            for request in (fresh + others).filter({ !$0.ok && $0.end >= fault }).prefix(5) {
                tell("  \(request.mode) from \(request.start - fault) s on: \(request.error ?? "")")
            }
            let after = fresh.filter { $0.end >= fault }
            let originals = after.filter { $0.ok && $0.who == "cluster" }.map(\.end).min()
            let failed = after.filter { !$0.ok }
            let refusals = failed.filter { $0.start >= fault }
            return Measurement.Run(
                originals: originals.map { ($0 - fault) * 1000 } ?? .infinity,
                // Those that were at the laptop already wait for as long as the fault lasts.
                wait: (after.filter { $0.ok && $0.start >= fault + 0.05 }.map { $0.end - $0.start }.max() ?? 0) * 1000,
                failedFresh: failed.count, failedOthers: others.count { $0.end >= fault && !$0.ok },
                failedLater: refusals.count { $0.start > fault + 0.05 },
                refused: ((refusals.map(\.end).max() ?? fault) - fault) * 1000, restored: restored)
        }
    }
}
