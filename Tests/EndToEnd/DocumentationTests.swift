import Foundation
import Testing

extension EndToEnd {
    /// Every command of README.md and docs/ as it stands there, in a shell, with kubectl finding the plugins on the PATH.
    @Suite struct DocumentationTests {
        /// What stands in for a user's terminals: a command that runs until Ctrl-C goes on beside the next ones, and gets it at
        /// the block's end.
        private static let preamble = #"""
            set -euo pipefail
            # Each in a process group of its own, so that it may be sent Ctrl-C.
            set -m
            sessions=()
            session() {
                local file=$WORK/session-${#sessions[@]} pid
                "$@" >"$file" 2>&1 &
                pid=$!
                sessions+=("$pid")
                until grep -q -e 'now comes\? to' -e 'names of the cluster resolve' "$file"; do
                    kill -0 "$pid" || { cat "$file"; exit 1; }
                    read -r -t 0.1 <>"$WORK/fifo" || true
                done
            }
            curl() { command curl -sS --fail --max-time 20 "$@"; }
            end() {
                local index
                for index in "${!sessions[@]}"; do
                    kill -INT "${sessions[index]}" 2>/dev/null || true
                    # Somebody's emergency stop is told, and is exit code 1.
                    wait "${sessions[index]}" || grep -q 'lease/.* was deleted' "$WORK/session-$index" ||
                        { cat "$WORK/session-$index"; exit 1; }
                done
            }

            """#

        private static func script(_ block: Document.Block) -> String {
            let lines = block.lines.map { line in
                let line = line.replacing("registry.example/proxy:0.1.0", with: Lab.shared.proxyImage)
                let isIntercept =
                    ["intercept", "mirror"].contains { line.hasPrefix("kubectl tunnel \($0) ") }
                    && !line.contains("--dry-run")
                let isUp = line.hasPrefix("kubectl tunnel-dns up") && !line.contains("--detach")
                return isIntercept || isUp ? "session " + line : line
            }
            return Self.preamble + (lines + ["end"]).joined(separator: "\n") + "\n"
        }

        private static let services = """
            apiVersion: v1
            kind: Service
            metadata: {name: web}
            spec:
              selector: {app: web}
              ports: [{port: 80, targetPort: 8080}]
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: orders}
            spec:
              selector: {app: orders}
              ports: [{name: http, port: 80, targetPort: 8080}, {name: metrics, port: 9090}]
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: db}
            spec: {clusterIP: None, selector: {app: db}, ports: [{port: 8080}]}
            ---
            apiVersion: apps/v1
            kind: StatefulSet
            metadata: {name: db}
            spec:
              serviceName: db
              selector: {matchLabels: {app: db}}
              template:
                metadata: {labels: {app: db}}
                spec:
                  containers:
                  - {name: db, image: \(Lab.shared.workloadImage), env: [{name: WHO, value: db}, {name: PORTS, value: "8080"}]}
            """

        @Test("the commands do what they say, and leave nothing")
        func commands() async throws {
            let shop = Shop(namespace: "shop")
            try await run([Lab.shared.clusterScript, "namespace", shop.namespace])
            try await shop.apply(Self.services)
            try await shop.apply(Shop.deployment(labels: "app: web"))
            try await shop.apply(
                Shop.deployment(name: "orders", labels: "app: orders", who: "orders", ports: "8080,9090"))
            for workload in ["deployment/web", "deployment/orders", "statefulset/db"] {
                try await kubectl("-n", shop.namespace, "rollout", "status", workload, "--timeout=60s")
            }
            let before = (web: try await shop.serviceText(), orders: try await shop.serviceText("orders"))
            let local = try Running(
                ["python3", Lab.shared.workload + "/server.py"],
                environment: Lab.shared.environment.merging(["WHO": "laptop", "PORTS": "8080,9090"]) { _, new in new })
            for page in Document.all {
                for block in page.blocks where block.needs == nil { try await self.perform(block, of: page) }
            }
            local.send(SIGKILL)
            try await shop.expectRestored(before.web)
            #expect(try await shop.serviceText("orders") == before.orders)
            try await kubectl(
                "-n", shop.namespace, "delete", "deployments,statefulsets,services,roles,rolebindings", "--all",
                "--wait=false")
        }

        private func perform(_ block: Document.Block, of page: Document) async throws {
            let work = Lab.shared.folder.appendingPathComponent("docs-" + UUID().uuidString.prefix(8))
            let runtime = work.appendingPathComponent("run")
            try FileManager.default.createDirectory(
                at: runtime, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try FileManager.default.copyItem(
                atPath: Lab.shared.workload + "/server.py", toPath: work.path + "/server.py")
            mkfifo(work.path + "/fifo", 0o600)
            let file = work.appendingPathComponent("block")
            try Self.script(block).write(to: file, atomically: true, encoding: .utf8)
            var environment = Lab.shared.laptop()
            let plugins = (Lab.shared.plugin as NSString).deletingLastPathComponent
            environment["PATH"] = "\(plugins):\(environment["PATH"] ?? "")"
            environment["XDG_RUNTIME_DIR"] = runtime.path
            environment["WORK"] = work.path
            environment["PORTS"] = "8080"
            let shell = try Running(
                ["sh", "-c", "cd \"$WORK\" && exec bash ./block"], environment: environment)
            let result = try await shell.finish(within: 180)
            #expect(result.status == 0, "\(page.name): \(block.lines.joined(separator: "\n"))\n\(result.everything)")
        }
    }
}
