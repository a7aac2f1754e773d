import Foundation
import Testing

extension EndToEnd {
    @Suite struct ResolverModeTests {
        @Test(
            "names of the cluster resolve and connect for every program, others' too, and all else is as before",
            arguments: ResolverMachine.Kind.resolving)
        func names(kind: ResolverMachine.Kind) async throws {
            let local = try await LocalProcess.start(who: "laptop", port: 18_080)
            try await Shop.with(deployments: [Shop.deployment(replicas: 2)]) { shop in
                try await shop.apply(ExecTests.headless)
                let address = try await shop.address()
                // At home there are hosts in a domain of the namespace's name: one like a Service, and another.
                let hosts = ["web.\(shop.namespace)", "printer.\(shop.namespace)"]
                try await ResolverMachine.with(kind, hosts: hosts) { machine in
                    #expect(try await machine.lookUp(hosts[0]) == [Lab.shared.laptopAddress])
                    let up = try await machine.up(shop)
                    #expect(up.output.contains("\"mode\":\"resolver\""), "\(up.output)")
                    #expect(try await machine.lookUp(hosts[1]) == [Lab.shared.laptopAddress])
                    let full = "\(shop.namespace).svc.cluster.local"
                    for name in [
                        "web", "web.\(shop.namespace)", "web.\(shop.namespace).svc", "web.\(full)", "WEB.\(full).",
                    ] {
                        #expect(try await machine.lookUp(name) == [address], "\(name)")
                        for asNobody in [false, true] {
                            let answer = try await machine.run(
                                "curl", "-sS", "-m", "10", "http://\(name)/", asNobody: asNobody)
                            #expect(answer.output.hasPrefix("who=cluster "), "\(name): \(answer.everything)")
                        }
                    }
                    for words in [["+short"], ["+tcp", "+short"]] {
                        let dig = try await machine.start(["dig", "web.\(full)"] + words).finish()
                        #expect(dig.output == address + "\n", "\(words): \(dig.everything)")
                    }
                    #expect(try await machine.run("dig", "+search", "+short", "web").output == address + "\n")
                    let pods = try await machine.lookUp("web-headless")
                    #expect(pods.count == 2)
                    for pod in pods {
                        let answer = try await machine.run("curl", "-sS", "-m", "10", "http://\(pod):8080/")
                        #expect(answer.output.hasPrefix("who=cluster "), "\(pod): \(answer.everything)")
                    }
                    let port = try await machine.run("dig", "+short", "SRV", "_http._tcp.web-headless.\(full)")
                    #expect(port.output.split(separator: "\n").count == 2, "\(port.everything)")
                    #expect(try await machine.run("getent", "ahostsv4", "nothing.\(full)").status == 2)
                    // Neighbours have no part in it: they may send here what is for our link, and hear nothing.
                    let neighbour = try await run(
                        Lab.shared.node + [
                            "sh", "-c",
                            """
                            ip route add 198.19.255.53 via \(Lab.shared.laptopAddress) && \
                            dig +time=1 +tries=1 @198.19.255.53 web.\(full); ip route del 198.19.255.53
                            """,
                        ])
                    #expect(neighbour.output.contains("no servers could be reached"), "\(neighbour.everything)")
                    // What is not the cluster's.
                    #expect(try await machine.lookUp("printer.home.test") == [Lab.shared.laptopAddress])
                    let other = try await machine.run("curl", "-sS", "-m", "10", "http://printer.home.test:18080/")
                    #expect(other.output.hasPrefix("who=laptop "), "\(other.everything)")
                    up.send(SIGINT)
                    #expect(try await up.finish().status == 0)
                    #expect(try await machine.isClean())
                    #expect(try await machine.lookUp("web.\(full)").isEmpty)
                    try await eventually(within: 5, "the host at home is back") {
                        try await machine.lookUp(hosts[0]) == [Lab.shared.laptopAddress]
                    }
                    try await shop.expectNothingLeft()
                }
            }
            try await local.stop()
        }

        @Test("status has real figures, and down takes everything away")
        func statusAndDown() async throws {
            try await Shop.with { shop in
                try await ResolverMachine.with { machine in
                    let up = try await machine.up(shop, "--mode", "resolver")
                    for _ in 0..<2 { #expect(try await machine.run("curl", "-sS", "http://web/").status == 0) }
                    var text = ""
                    try await eventually(within: 10, "both connections are over: \(text)") {
                        text = try await machine.run(Lab.shared.namesPlugin, "status").output
                        return text.contains("0 open, 2 made, 0 failed")
                    }
                    #expect(text.contains("mode         resolver"), "\(text)")
                    #expect(text.contains("namespace \(shop.namespace) of context local, up"), "\(text)")
                    #expect(text.contains("redirect     1 addresses, 2 connections"), "\(text)")
                    let figures = try #require(
                        text.firstMatch(of: /resolver +(\d+) queries, (\d+) from the cache, 0 failed/))
                    #expect((Int(figures.1) ?? 0) > 3 && (Int(figures.2) ?? 0) >= 0, "\(text)")
                    #expect(try await machine.run(Lab.shared.namesPlugin, "env").error.contains("resolver mode"))
                    let down = try await machine.run(Lab.shared.namesPlugin, "down")
                    #expect(down.output == "tunnel-dns is down in namespace \(shop.namespace) of context local\n")
                    #expect(try await up.finish().status == 0)
                    #expect(try await machine.isClean())
                    try await shop.expectNothingLeft()
                }
            }
        }

        @Test(
            "SIGKILL leaves nothing in the kernel, names are as before; the next up, or down, recovers the rest",
            arguments: [(.asked, "down"), (.asked, "up"), (.networkManager, "up")] as [(ResolverMachine.Kind, String)])
        func killed(on kind: ResolverMachine.Kind, mending command: String) async throws {
            try await Shop.with { shop in
                try await ResolverMachine.with(kind) { machine in
                    let first = try await machine.up(shop, "--lease-duration", "600")
                    #expect(try await !machine.lookUp("web").isEmpty)
                    #expect(try await !machine.isClean())
                    let begin = Date()
                    first.send(SIGKILL)
                    try await eventually(within: 1, "the kernel has nothing of it") { try await machine.isClean() }
                    #expect(try await machine.lookUp("printer.home.test") == [Lab.shared.laptopAddress])
                    #expect(try await machine.lookUp("web.\(shop.namespace).svc.cluster.local").isEmpty)
                    let seconds = Date().timeIntervalSince(begin)
                    #expect(seconds < 1, "\(seconds) s")
                    // A process that nobody has waited for seems to run.
                    _ = try await first.finish()
                    let resolver = try await machine.run("cat", "/etc/resolv.conf").output
                    #expect(!resolver.contains("cluster.local"), "\(resolver)")
                    if command == "up" {
                        let second = try await machine.up(shop)
                        #expect(try await machine.run("curl", "-sS", "http://web/").output.hasPrefix("who=cluster "))
                        #expect(second.output.contains("\"mode\":\"resolver\""))
                    }
                    #expect(try await machine.run(Lab.shared.namesPlugin, "down").status == 0)
                    try await shop.expectNothingLeft()
                }
            }
        }

        @Test("where programs do not ask the resolver it is undone, and said; auto takes the proxy")
        func unproved() async throws {
            try await Shop.with { shop in
                try await ResolverMachine.with(.unasked) { machine in
                    let up = try await machine.run(
                        Lab.shared.namesPlugin, "up", "-n", shop.namespace, "--mode", "resolver")
                    #expect(up.status == 1)
                    #expect(
                        up.error.contains("was undone: this machine's programs do not ask us for names"), "\(up.error)")
                    #expect(up.error.contains("--mode proxy"), "\(up.error)")
                    #expect(try await machine.isClean())
                    try await shop.expectNothingLeft()
                    let auto = try await machine.up(shop)
                    #expect(auto.output.contains("\"mode\":\"proxy\""), "\(auto.output)")
                    #expect(try await machine.isClean())
                    auto.send(SIGINT)
                    #expect(try await auto.finish().status == 0)
                }
            }
        }

        @Test(
            "what is allowed besides the cluster's own, by name, by range and by port; everything else stays where it was"
        )
        func allowed() async throws {
            let lab = Lab.shared
            let behind = try Running(
                lab.node + ["python3", lab.workload + "/server.py"],
                environment: lab.environment.merging(["WHO": "behind", "PORTS": "18081,18082"]) { _, new in new })
            try await Shop.with { shop in
                let local = try await LocalProcess.start(who: "laptop", port: 18_080)
                try await ResolverMachine.with { machine in
                    let address = Lab.shared.outsideAddress
                    let up = try await machine.up(
                        shop, "--allow", "db.outside.test:18081", "--allow", "198.51.100.128/25")
                    #expect(try await machine.lookUp("db.outside.test") == [address])
                    let answer = try await machine.run("curl", "-sS", "-m", "10", "http://db.outside.test:18081/")
                    #expect(answer.output.hasPrefix("who=behind "), "\(answer.everything)")
                    // Another port of that host was not allowed, and goes its own way, which leads nowhere here.
                    let other = try await machine.run("curl", "-sS", "-m", "2", "http://\(address):18082/")
                    #expect(other.status != 0, "\(other.everything)")
                    #expect(try await machine.lookUp("printer.home.test") == [Lab.shared.laptopAddress])
                    let own = try await machine.run("curl", "-sS", "-m", "10", "http://printer.home.test:18080/")
                    #expect(own.output.hasPrefix("who=laptop "), "\(own.everything)")
                    let rules = try await machine.run("nft", "list", "table", "inet", "kubectl_tunnel_dns").output
                    #expect(rules.contains("\(address) . 18081"), "\(rules)")
                    #expect(rules.contains("ip daddr 198.51.100.128/25 meta l4proto tcp redirect"), "\(rules)")
                    let route = try await machine.run("ip", "route", "get", "198.51.100.200")
                    #expect(route.output.contains("kubectl-tunnel"), "\(route.everything)")
                    // The API server's addresses are never taken from their way.
                    _ = try await machine.lookUp("kubernetes.default")
                    let after = try await machine.run("nft", "list", "set", "inet", "kubectl_tunnel_dns", "hosts")
                        .output
                    #expect(!after.contains("10.96.0.1"), "\(after)")
                    up.send(SIGINT)
                    #expect(try await up.finish().status == 0)
                }
                try await local.stop()
                try await shop.expectNothingLeft()
            }
            behind.send(SIGKILL)
            _ = try await behind.finish()
        }

        @Test("who connects at once when a name is resolved is redirected, and does not lose its first packet")
        func atOnce() async throws {
            try await Shop.with { shop in
                let count = 30
                let services = (1...count).map { number in
                    """
                    apiVersion: v1
                    kind: Service
                    metadata: {name: web-\(number)}
                    spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
                    """
                }
                try await shop.apply(services.joined(separator: "\n---\n"))
                try await ResolverMachine.with { machine in
                    let up = try await machine.up(shop)
                    // As no getaddrinfo(3) would, which also waits for the IPv6 address. A second is when the kernel sends a lost SYN again. Names have to be known to the cluster by then.
                    let script = """
                        import socket, sys, time
                        def address(name):
                            labels = b"".join(bytes([len(l)]) + l.encode() for l in name.split("."))
                            asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                            asker.settimeout(5)
                            asker.sendto(b"\\0\\1\\1\\0\\0\\1" + bytes(6) + labels + b"\\0\\0\\1\\0\\1", ("127.0.0.53", 53))
                            # The first record follows the question; its data follow twelve bytes.
                            start = 12 + len(labels) + 5 + 12
                            return socket.inet_ntoa(asker.recv(512)[start:start + 4])
                        def get(name):
                            place = (address(name), 80)
                            begin = time.monotonic()
                            s = socket.create_connection(place, timeout=10)
                            s.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
                            return s.recv(9999).startswith(b"HTTP/1.") and time.monotonic() - begin
                        count, zone = int(sys.argv[1]), sys.argv[2]
                        times = [get(f"web-{n}.{zone}") for n in range(1, count + 1)]
                        print(sum(1 for t in times if t and t < 0.9), max(times))
                        """
                    try await eventually(within: 20, "all names are known") {
                        try await !machine.lookUp("web-\(count)").isEmpty
                    }
                    let result = try await machine.run(
                        "python3", "-c", script, "\(count)", "\(shop.namespace).svc.cluster.local")
                    #expect(result.output.hasPrefix("\(count) "), "\(result.everything)")
                    up.send(SIGINT)
                    #expect(try await up.finish().status == 0)
                }
                try await shop.expectNothingLeft()
            }
        }

        @Test("one session a machine: the next takes the proxy, and says so; who insists is refused")
        func second() async throws {
            try await Shop.with { shop in
                try await ResolverMachine.with { machine in
                    let first = try await machine.up(shop)
                    let insisting = try await machine.run(
                        Lab.shared.namesPlugin, "up", "-n", shop.namespace, "--mode", "resolver")
                    #expect(insisting.status == 1)
                    #expect(
                        insisting.error.contains("up in resolver mode on this machine already"), "\(insisting.error)")
                    let auto = try await machine.up(shop)
                    #expect(auto.output.contains("already; a proxy it is"), "\(auto.output)")
                    #expect(auto.output.contains("\"mode\":\"proxy\""), "\(auto.output)")
                    #expect(try await machine.run("curl", "-sS", "http://web/").output.hasPrefix("who=cluster "))
                    #expect(try await machine.run(Lab.shared.namesPlugin, "down").status == 0)
                    for up in [first, auto] { #expect(try await up.finish().status == 0) }
                    try await shop.expectNothingLeft()
                }
            }
        }

        @Test("another client ends the nft that holds the table: the session ends with a line, and nothing is left")
        func tableLost() async throws {
            try await Shop.with { shop in
                try await ResolverMachine.with { machine in
                    let up = try await machine.up(shop)
                    let child = try await machine.run("pgrep", "-P", "\(up.pid)", "-x", "nft")
                    kill(try #require(pid_t(child.output.trimmingCharacters(in: .whitespacesAndNewlines))), SIGKILL)
                    let result = try await up.finish(within: 30)
                    #expect(result.status == 1)
                    #expect(
                        result.everything.contains("the kernel's redirect is gone: nft has ended"), "\(result.error)")
                    #expect(try await machine.isClean())
                    try await shop.expectNothingLeft()
                }
            }
        }

        @Test("without a resolver that is known, and without root, one line says what is missing")
        func refusals() async throws {
            let environment = try Up.laptop()
            let none = try await run(
                [Lab.shared.namesPlugin, "up", "-n", "default", "--mode", "resolver"], environment: environment)
            #expect(none.status == 1)
            #expect(
                none.error.contains("neither systemd-resolved nor NetworkManager with dnsmasq runs"), "\(none.error)")
            let folder = "/tmp/kt-nobody-\(UUID().uuidString.prefix(8))"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            chown(folder, 65_534, 65_534)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try await ResolverMachine.with { machine in
                let user = try await machine.run(
                    "env", "XDG_RUNTIME_DIR=\(folder)", Lab.shared.namesPlugin, "up", "--mode", "resolver",
                    asNobody: true)
                #expect(user.status == 1)
                #expect(user.error.contains("it takes root"), "\(user.everything)")
            }
        }
    }
}
