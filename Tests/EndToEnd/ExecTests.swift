import Foundation
import Testing

extension EndToEnd {
    @Suite struct ExecTests {
        /// A Service without an address of its own, of two pods.
        static let headless = """
            apiVersion: v1
            kind: Service
            metadata: {name: web-headless}
            spec: {clusterIP: None, selector: {app: web}, ports: [{name: http, port: 8080}]}
            """

        @Test("names of the cluster resolve and connect, for every kind of program", arguments: Exec.User.allCases)
        func names(user: Exec.User) async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 2)]) { shop in
                try await shop.apply(Self.headless)
                let exec = try Exec(shop, user: user)
                let musl = try await MuslProgram.make()
                defer { musl.remove() }
                let address = try await shop.address()
                let full = "\(shop.namespace).svc.cluster.local"
                // One run of the plugin for all: each takes a gateway.
                let script = """
                    set -u
                    for name in web web.\(shop.namespace) web.\(shop.namespace).svc web.\(full) WEB.\(full). ; do
                        echo "getent $name $(getent ahostsv4 $name | head -n 1 | cut -d' ' -f1)"
                        echo "curl $name $(curl -sS -m 10 http://$name/ | cut -d' ' -f1)"
                        echo "python $name $(python3 -c 'import sys, urllib.request as u; print(u.urlopen("http://" + sys.argv[1] + "/", timeout=10).read().decode().split()[0])' $name)"
                        echo "musl $name $(\(musl.path) $name)"
                        echo "busybox $name $(busybox nslookup $name | sed -n 's/^Address: //p' | head -n 1)"
                    done
                    echo "dig $(dig +short web.\(full))"
                    echo "dig-tcp $(dig +tcp +short web.\(full))"
                    echo "ptr $(dig +short -x \(address))"
                    echo "srv $(dig +short SRV _http._tcp.web-headless.\(full) | wc -l)"
                    echo "headless $(getent ahostsv4 web-headless | cut -d' ' -f1 | sort -u | xargs)"
                    echo "headless-curl $(curl -sS -m 10 http://web-headless:8080/ | cut -d' ' -f1)"
                    echo "address $(curl -sS -m 10 http://\(address)/ | cut -d' ' -f1)"
                    getent hosts nothing.\(shop.namespace).svc.cluster.local; echo "nothing $?"
                    """
                let result = try await exec.run(["/bin/sh", "-c", script])
                for name in [
                    "web", "web.\(shop.namespace)", "web.\(shop.namespace).svc", "web.\(full)", "WEB.\(full).",
                ] {
                    #expect(result.output.contains("getent \(name) \(address)\n"), "\(result.everything)")
                    // busybox tries the search list for names without a dot only.
                    let isWhole = name == "web" || name.contains("local")
                    #expect(!isWhole || result.output.contains("busybox \(name) \(address)\n"), "\(result.everything)")
                    for program in ["curl", "python", "musl"] {
                        #expect(result.output.contains("\(program) \(name) who=cluster\n"), "\(result.everything)")
                    }
                }
                let pods = try await kubectl(
                    "-n", shop.namespace, "get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].status.podIP}"
                ).split(separator: " ").sorted().joined(separator: " ")
                #expect(result.output.contains("headless \(pods)\n"), "\(result.everything)")
                for line in ["dig \(address)", "dig-tcp \(address)", "ptr web.\(full).", "srv 2"] {
                    #expect(result.output.contains(line + "\n"), "\(line): \(result.everything)")
                }
                #expect(result.output.contains("headless-curl who=cluster\n"), "\(result.everything)")
                #expect(result.output.contains("address who=cluster\n"), "\(result.everything)")
                #expect(result.output.contains("nothing 2\n"), "\(result.everything)")
                #expect(result.status == 0)
                try await shop.expectNothingLeft()
            }
        }

        @Test(
            "what is not the cluster's: this machine's localhost and network as without, and the command's own low port"
        )
        func elsewhere() async throws {
            try await Shop.with { shop in
                let exec = try Exec(shop, user: .nobody)
                // A server of this machine, on every address of it.
                let local = try await LocalProcess.start(port: 8231)
                let script = """
                    echo "loopback $(curl -sS -m 10 http://localhost:8231/ | cut -d' ' -f1)"
                    echo "v6 $(curl -sS -m 10 http://[::1]:8231/ | cut -d' ' -f1)"
                    echo "machine $(curl -sS -m 10 http://\(Lab.shared.laptopAddress):8231/ | cut -d' ' -f1)"
                    python3 -m http.server 80 --bind 127.0.0.1 --directory /usr >/dev/null 2>&1 & server=$!
                    for i in $(seq 200); do curl -s -o /dev/null http://127.0.0.1/ && break; sleep 0.05; done
                    echo "own $(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/)"
                    curl -s http://127.0.0.1:1/; echo "closed $?"
                    curl -s -m 10 http://kubernetes.default:443/; echo "refused $?"
                    kill $server
                    """
                let result = try await exec.run(["/bin/sh", "-c", script])
                try await local.stop()
                for line in [
                    "loopback who=laptop", "v6 who=laptop", "machine who=laptop", "own 200", "closed 7", "refused 56",
                ] {
                    #expect(result.output.contains(line + "\n"), "\(line): \(result.everything)")
                }
                #expect(result.error.contains("API server"), "\(result.everything)")
                try await shop.expectNothingLeft()
            }
        }

        @Test("exit code, standard input and signals are the command's", arguments: Exec.User.allCases)
        func command(user: Exec.User) async throws {
            try await Shop.with { shop in
                let exec = try Exec(shop, user: user)
                #expect(try await exec.run(["/bin/sh", "-c", "exit 42"]).status == 42)
                #expect(try await exec.run(["no-such-command"]).status == 127)
                let process = try exec.start([
                    "/bin/sh", "-c", "trap 'echo got; exit 9' TERM; echo begun; while :; do sleep 0.05; done",
                ])
                try await eventually(within: 60, "the command runs") { process.output.contains("begun") }
                process.send(SIGTERM)
                let result = try await process.finish()
                #expect(result.status == 9 && result.output.contains("got"), "\(result.everything)")
                try await shop.expectNothingLeft()
            }
        }

        @Test("a killed plugin leaves neither command nor helper, and the gateway goes")
        func killed() async throws {
            try await Shop.with { shop in
                let exec = try Exec(shop, user: .root)
                let marker = "1\(Int.random(in: 10_000...99_999))"
                let process = try exec.start(
                    ["/bin/sh", "-c", "echo begun; exec sleep \(marker)"], "--lease-duration", "5")
                try await eventually(within: 60, "the command runs") { process.output.contains("begun") }
                process.send(SIGKILL)
                _ = try await process.finish()
                try await eventually(within: 10, "the command has ended") {
                    try await run(["pgrep", "-f", "^sleep \(marker)$"]).output.isEmpty
                }
                try await eventually(within: 30, "the gateway is gone") {
                    try await kubectl(
                        "-n", shop.namespace, "get", "deployments", "-l", "kubectl-tunnel/component=gateway", "-o",
                        "name"
                    ).isEmpty
                }
            }
        }

        @Test("before anything is made in the cluster it is said which switch forbids namespaces")
        func forbidden() async throws {
            try await Shop.with { shop in
                // A namespace of users in which no further one may be made.
                let exec = try Exec(
                    shop, user: .nobody,
                    launcher: [
                        "unshare", "--user", "--map-current-user", "--keep-caps", "sh", "-c",
                        "echo 0 > /proc/sys/user/max_user_namespaces; exec \"$@\"", "sh",
                    ])
                let result = try await exec.run(["true"])
                #expect(result.status == 1)
                #expect(result.error.contains("user.max_user_namespaces"), "\(result.everything)")
                #expect(result.error.contains("--mode proxy"), "\(result.everything)")
                try await shop.expectNothingLeft()
            }
        }
    }
}
