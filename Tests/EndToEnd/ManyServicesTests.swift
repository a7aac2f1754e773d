import Foundation
import Testing

extension EndToEnd {
    /// Services cost nothing until somebody asks for them.
    @Suite("Many Services")
    struct ManyServicesTests {
        /// What one `up` cost, until it was asked for a name.
        private struct Cost {
            var seconds: Double
            /// Requests of the plugin to the API server, as its `kubectl proxy` saw them.
            var requests: [String: Int]
            /// The plugin's largest size in memory, in KiB.
            var memory: Int
            /// The gateway's, in KiB.
            var gateway: Int
        }

        /// How often the API server was asked for Services, by verb; watches that go on count when they end.
        private static func asked() async throws -> [String: Int] {
            var counts: [String: Int] = [:]
            for line in try await kubectl("get", "--raw", "/metrics").split(separator: "\n")
            where line.hasPrefix("apiserver_request_total{") {
                func label(_ name: String) -> String? {
                    line.components(separatedBy: ",\(name)=\"").dropFirst().first?.split(
                        separator: "\"", omittingEmptySubsequences: false
                    ).first.map(String.init)
                }
                guard let resource = label("resource"), let verb = label("verb"),
                    ["services", "endpoints", "endpointslices"].contains(resource), ["LIST", "GET"].contains(verb),
                    let value = line.split(separator: " ").last.flatMap({ Double($0) })
                else { continue }
                counts["\(verb) \(resource)", default: 0] += Int(value)
            }
            return counts
        }

        private static func peak(of pid: pid_t) throws -> Int {
            let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
            return try #require(
                line.split(whereSeparator: { " \t".contains($0) }).dropFirst().first.flatMap { Int($0) })
        }

        private static func up(_ shop: Shop, asking names: [String]) async throws -> Cost {
            let before = try await Self.asked()
            let begin = Date()
            let up = try await Up.start(shop)
            let seconds = Date().timeIntervalSince(begin)
            for name in names {
                let answer = try await up.curl("http://\(name)/")
                #expect(answer.output.hasPrefix("who=cluster "), "\(name): \(answer.everything)")
            }
            let requests = try await Self.asked().merging(before) { $0 - $1 }.filter { $0.value != 0 }
            // The pod's processes are this machine's, too; only the one of this session is in a namespace of this name.
            let gateways = try await run(["pgrep", "-x", "proxy"]).output.split(separator: "\n").compactMap {
                pid_t($0)
            }
            let cost = Cost(
                seconds: seconds, requests: requests, memory: try Self.peak(of: up.process.pid),
                gateway: gateways.compactMap { try? Self.peak(of: $0) }.max() ?? 0)
            #expect(try await up.plugin("down").status == 0)
            _ = try await up.process.finish()
            try await shop.expectNothingLeft()
            return cost
        }

        @Test("Services that nobody asks for cost neither time, nor requests, nor memory")
        func unasked() async throws {
            let count = Int(Lab.shared.environment["MANY_SERVICES"] ?? "") ?? 1000
            try await Shop.with { shop in
                // The first puts the image's pages and kubectl's files into memory.
                _ = try await Self.up(shop, asking: [])
                let few = try await Self.up(shop, asking: ["web"])
                let socket = Lab.shared.folder.path + "/many-\(UUID().uuidString.prefix(4))"
                let proxy = try Running([
                    Lab.shared.kubectl, "--kubeconfig=\(Lab.shared.kubeconfig("admin"))", "proxy",
                    "--unix-socket=\(socket)",
                ])
                try await eventually(within: 20, "kubectl proxy is ready: \(proxy.error)") {
                    proxy.output.contains("Starting to serve")
                }
                let begin = Date()
                let made = try await run(
                    ["python3", Lab.shared.workload + "/many.py", socket, shop.namespace, "\(count)"], within: 240)
                #expect(made.status == 0, "\(made.everything)")
                print("\(count) Services made in \(Date().timeIntervalSince(begin)) s")
                proxy.send(SIGKILL)
                let last = "s-\(count - 1).\(shop.namespace).svc.cluster.local"
                try await eventually(within: 120, "the cluster's server knows them all") {
                    try await !run(Lab.shared.node + ["dig", "+short", "@10.96.0.10", last]).output.isEmpty
                }
                let many = try await Self.up(shop, asking: ["web"])
                print("few: \(few)\nmany: \(many)")
                #expect(many.requests == few.requests)
                #expect(many.memory <= few.memory + 1024 && many.gateway <= few.gateway + 1024)
                // Two cores that nobody else uses would allow less; a list of all alone takes longer than this.
                #expect(many.seconds <= few.seconds * 1.5 + 1)
            }
        }
    }
}
