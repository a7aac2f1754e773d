import Foundation
import Testing

extension EndToEnd {
    /// The way from a command to the cluster: what it is allowed, and what it survives.
    @Suite struct ExecWaysTests {
        @Test("a host behind the cluster takes --allow, by address and port", arguments: Exec.User.allCases)
        func allowed(user: Exec.User) async throws {
            let lab = Lab.shared
            let variables = ["WHO": "behind", "PORTS": "18083,18084"]
            let behind = try Running(
                lab.node + ["python3", lab.workload + "/server.py"],
                environment: lab.environment.merging(variables) { _, new in new })
            try await Shop.with { shop in
                try await shop.apply(
                    """
                    apiVersion: v1
                    kind: Service
                    metadata: {name: partner}
                    spec: {type: ExternalName, externalName: db.outside.test}
                    """)
                let exec = try Exec(shop, user: user)
                func ask(_ host: String, _ flags: [String]) async throws -> CommandResult {
                    let script = "for p in 18083 18084; do curl -sS -m 10 http://\(host):$p/ | cut -d' ' -f1; done"
                    return try await exec.run(["/bin/sh", "-c", script], flags)
                }
                #expect(try await ask("partner", []).output == "")
                for (host, rule) in [
                    ("partner", "db.outside.test:18083"), ("db.outside.test", "db.outside.test:18083"),
                    (lab.outsideAddress, "\(lab.outsideAddress):18083"),
                ] {
                    let result = try await ask(host, ["--allow", rule])
                    #expect(result.output == "who=behind\n", "\(host) by \(rule): \(result.everything)")
                }
                let both = try await ask("partner", ["--allow", "db.outside.test"])
                #expect(both.output == "who=behind\nwho=behind\n", "\(both.everything)")
                try await shop.expectNothingLeft()
            }
            behind.send(SIGKILL)
            _ = try await behind.finish()
        }

        @Test("a gateway's pod that is replaced comes back: for new names, for known ones, and for known addresses")
        func replaced() async throws {
            try await Shop.with { shop in
                try await shop.apply(ExecTests.headless)
                let folder = Lab.shared.folder.path + "/replaced-\(UUID().uuidString.prefix(8))"
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                defer { try? FileManager.default.removeItem(atPath: folder) }
                // A program that has looked its server up once, and connects to that address from then on.
                let script = """
                    address=$(getent ahostsv4 web | head -n 1 | cut -d' ' -f1)
                    echo "before $(curl -sS -m 10 http://$address/ | cut -d' ' -f1)"
                    for round in 1 2; do
                        while [ ! -e \(folder)/$round ]; do sleep 0.05; done
                        echo "address $round $(curl -sS -m 20 http://$address/ | cut -d' ' -f1)"
                        echo "known $round $(curl -sS -m 20 http://web/ | cut -d' ' -f1)"
                        echo "new $round $(curl -sS -m 20 http://web-headless:8080/ | cut -d' ' -f1)"
                    done
                    """
                let process = try Exec(shop, user: .root).start(["/bin/sh", "-c", script])
                try await eventually(within: 60, "the command connects: \(process.output + process.error)") {
                    process.output.contains("before who=cluster\n")
                }
                for round in 1...2 {
                    try await kubectl(
                        "-n", shop.namespace, "delete", "pods", "-l", "kubectl-tunnel/component=gateway",
                        "--wait=false")
                    try await eventually(within: 60, "the tunnel is back: \(process.error)") {
                        process.error.components(separatedBy: "the gateway's tunnel is back").count == round + 1
                    }
                    try "".write(toFile: folder + "/\(round)", atomically: true, encoding: .utf8)
                    try await eventually(within: 60, "connections are back: \(process.output + process.error)") {
                        process.output.contains("new \(round) ")
                    }
                }
                let result = try await process.finish()
                for line in ["address", "known", "new"] {
                    for round in 1...2 {
                        #expect(result.output.contains("\(line) \(round) who=cluster\n"), "\(result.everything)")
                    }
                }
                try await shop.expectNothingLeft()
            }
        }
    }
}
