import Foundation
import Testing

extension EndToEnd {
    /// Services cost nothing until another client asks for them.
    @Suite struct ManyServicesTests {
        /// What an `up` cost, with one name asked for.
        private struct Cost {
            /// Until it was ready; the least of a few runs, since others use the machine, too.
            var seconds: Double
            /// What the plugin asked the API server for, as its kubectl tells; without what names the session.
            var requests: Set<String>
            /// The plugin's own memory, in KiB; the least of a few runs.
            var memory: Int
            /// The gateway's.
            var gateway: Int
        }

        /// A folder with a kubectl that writes down its requests.
        private static func recordingKubectl() throws -> (folder: String, record: String) {
            let folder = Lab.shared.folder.path + "/kubectl-\(UUID().uuidString.prefix(4))"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let record = folder + "/record"
            let script = "#!/bin/sh\nexec \(Lab.shared.kubectl) -v=6 \"$@\" 2>>\(record)\n"
            try script.write(toFile: folder + "/kubectl", atomically: true, encoding: .utf8)
            chmod(folder + "/kubectl", 0o755)
            return (folder, record)
        }

        private static func requests(in record: String) throws -> Set<String> {
            let text = try String(contentsOfFile: record, encoding: .utf8)
            let requests = text.matches(
                of: /"?(?<verb>GET|POST|PUT|PATCH|DELETE)"?.*?https:\/\/[^\/]+(?<path>\/[^ "]*)/)
            return Set(
                requests.map { found in
                    let path = found.path.replacing(/(kt|tunnel-dns)-[a-z0-9-]+/, with: "SESSION")
                    return "\(found.verb) \(path)"
                })
        }

        private static func up(_ shop: Shop) async throws -> Cost {
            let kubectl = try Self.recordingKubectl()
            var environment = try Up.laptop()
            environment["PATH"] = kubectl.folder + ":" + (environment["PATH"] ?? "")
            let begin = Date()
            let up = try await Up.start(shop, environment: environment)
            let seconds = Date().timeIntervalSince(begin)
            let answer = try await up.curl("http://web/")
            #expect(answer.output.hasPrefix("who=cluster "), "\(answer.everything)")
            let cost = Cost(
                seconds: seconds, requests: try Self.requests(in: kubectl.record),
                memory: try PodProcess.memory(of: up.process.pid),
                gateway: try PodProcess.memory(of: try await PodProcess.pid(of: "gateway", shop)))
            #expect(try await up.plugin("down").status == 0)
            _ = try await up.process.finish()
            try await shop.expectNothingLeft()
            return cost
        }

        private static func cost(_ shop: Shop) async throws -> Cost {
            var least = try await Self.up(shop)
            for _ in 0..<2 {
                let next = try await Self.up(shop)
                least.seconds = min(least.seconds, next.seconds)
                least.memory = min(least.memory, next.memory)
                least.gateway = min(least.gateway, next.gateway)
                least.requests.formUnion(next.requests)
            }
            return least
        }

        @Test("Services that nobody asks for cost neither time, nor requests, nor memory")
        func unasked() async throws {
            let count = Int(Lab.shared.environment["MANY_SERVICES"] ?? "") ?? 1000
            try await Shop.with { shop in
                let few = try await Self.cost(shop)
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
                let many = try await Self.cost(shop)
                print("few: \(few)\nmany: \(many)")
                // How often a pod is looked at is chance, and some ask for its Deployment; Services are another matter.
                let services = many.requests.filter { $0.contains("/services") || $0.contains("/endpoint") }
                #expect(many.requests.count > 5 && services.isSubset(of: few.requests), "\(many.requests)")
                let whole = services.filter { $0.contains("/services") && !$0.contains("limit=") }
                #expect(whole.isEmpty, "\(whole)")
                // A list of them all were 1 MB.
                #expect(many.memory <= few.memory + 1024 && many.gateway <= few.gateway + 1024)
                #expect(many.seconds <= few.seconds * 1.5 + 0.5)
            }
        }
    }
}
