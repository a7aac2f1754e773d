import Foundation
import Testing

extension EndToEnd {
    /// Every kind of name that the cluster's server knows, and those that it is not to be asked for.
    @Suite struct ExecNamesTests {
        @Test(
            "pods of a StatefulSet, aliases, SRV, PTR, names that do not exist, and names that are not the cluster's",
            arguments: Exec.User.allCases)
        func kinds(user: Exec.User) async throws {
            let names = try await LaptopNames.start()
            let local = try await LocalProcess.start(port: 8232)
            try await Shop.with { shop in
                try await ProxyModeTests.apply(to: shop)
                let musl = try await MuslProgram.make()
                defer { musl.remove() }
                let full = "\(shop.namespace).svc.cluster.local"
                let targets = [
                    "db-0.db 8080", "db-1.db.\(shop.namespace) 8080", "db-1.db.\(full) 8080", "alias 80",
                    "alias.\(full). 80", "home.test 8232", "db.outside.test 8232",
                ]
                let pod = try await kubectl(
                    "-n", shop.namespace, "get", "pod", "db-1", "-o", "jsonpath={.status.podIP}")
                let script = """
                    set -u
                    while read -r name port; do
                        echo "getent $name $(getent ahostsv4 $name | head -n 1 | cut -d' ' -f1)"
                        echo "curl $name $(curl -sS -m 10 http://$name:$port/ | cut -d' ' -f1)"
                        echo "python $name $(python3 -c 'import sys, urllib.request as u; print(u.urlopen("http://%s:%s/" % tuple(sys.argv[1:]), timeout=10).read().decode().split()[0])' $name $port)"
                        echo "musl $name $(\(musl.path) $name $port)"
                    done <<TARGETS
                    \(targets.joined(separator: "\n"))
                    TARGETS
                    echo "busybox $(busybox nslookup db-1.db.\(full) | sed -n 's/^Address: //p')"
                    echo "srv $(dig +short SRV _http._tcp.db.\(full) | sort | xargs)"
                    echo "ptr $(dig +short -x \(pod))"
                    echo "pod $(curl -sS -m 10 http://\(pod):8080/ | cut -d' ' -f1)"
                    echo "cname $(dig +short CNAME alias.\(full))"
                    for question in 'AAAA web' 'AAAA db-1.db' 'A nothing' 'AAAA nothing' 'A db-9.db' 'TXT web'; do
                        set -- $question
                        echo "status $question $(dig $1 $2.\(full) | sed -n 's/.*status: \\([A-Z]*\\).*/\\1/p;s/.*ANSWER: \\([0-9]*\\).*/\\1/p' | xargs)"
                    done
                    echo "status home $(dig A nothing.home.test | sed -n 's/.*status: \\([A-Z]*\\).*/\\1/p')"
                    getent hosts nothing; echo "nothing $?"
                    getent ahostsv6 web | grep -v -i ffff; echo "v6 $?"
                    """
                let exec = try Exec(shop, user: user, setting: names.setting)
                let result = try await exec.run(["/bin/sh", "-c", script])
                let laptop = Lab.shared.laptopAddress
                var expected = [
                    "busybox \(pod)", "pod who=db-1", "ptr db-1.db.\(full).", "cname web.\(full).",
                    "srv 0 100 8080 db-0.db.\(full). 0 100 8080 db-1.db.\(full).",
                    "status AAAA web NOERROR 0", "status AAAA db-1.db NOERROR 0", "status A nothing NXDOMAIN 0",
                    "status AAAA nothing NXDOMAIN 0", "status A db-9.db NXDOMAIN 0", "status TXT web NOERROR 0",
                    "status home NXDOMAIN", "nothing 2", "v6 1", "getent db-1.db.\(full) \(pod)",
                    // Asked of the cluster, it were another address; asked of the laptop, the cluster's names were this.
                    "getent home.test \(laptop)", "getent db.outside.test \(laptop)",
                    "getent alias \(try await shop.address())",
                ]
                for target in targets {
                    let name = target.split(separator: " ")[0]
                    let who = name.hasPrefix("db-") ? name.prefix(4) : name.hasSuffix(".test") ? "laptop" : "cluster"
                    for program in ["curl", "python", "musl"] { expected.append("\(program) \(name) who=\(who)") }
                }
                for line in expected {
                    #expect(result.output.contains(line + "\n"), "\(line): \(result.everything)")
                }
                #expect(result.status == 0)
                try await shop.expectNothingLeft()
            }
            try await local.stop()
            try await names.stop()
        }

        @Test("an answer that the cluster's server cuts arrives whole: 100 addresses of one name")
        func cut() async throws {
            try await Shop.with { shop in
                let addresses = (1...100).map { "{ip: 10.99.0.\($0)}" }.joined(separator: ", ")
                try await shop.apply(
                    """
                    apiVersion: v1
                    kind: Service
                    metadata: {name: many}
                    spec: {clusterIP: None, ports: [{name: any, port: 80}]}
                    ---
                    apiVersion: v1
                    kind: Endpoints
                    metadata: {name: many}
                    subsets: [{addresses: [\(addresses)], ports: [{name: any, port: 80}]}]
                    """)
                let name = "many.\(shop.namespace).svc.cluster.local"
                // The real server cuts it, also for who takes 4,096 bytes: 1,232 is the most that it sends by UDP.
                let server = "10.96.0.10"
                try await eventually(within: 30, "the cluster's server has the name") {
                    let direct = try await run(
                        Lab.shared.node + ["dig", "@\(server)", "+ignore", "+bufsize=4096", name])
                    return direct.output.contains("flags: qr aa tc rd ra")
                }
                let script = """
                    flags() { sed -n 's/.*flags: \\([a-z ]*\\);.*ANSWER: \\([0-9]*\\),.*/\\1 \\2/p'; }
                    echo "large $(dig +ignore +bufsize=4096 \(name) | flags)"
                    echo "small $(dig +ignore +noedns \(name) | flags)"
                    echo "tcp $(dig +tcp \(name) | flags)"
                    echo "dig $(dig +short \(name) | sort -u | wc -l)"
                    echo "getent $(getent ahostsv4 many | cut -d' ' -f1 | sort -u | wc -l)"
                    echo "python $(python3 -c 'import socket; print(len(set(a[4] for a in socket.getaddrinfo("many", 80, socket.AF_INET))))')"
                    """
                let result = try await Exec(shop, user: .nobody).run(["/bin/sh", "-c", script])
                let lines = result.output.split(separator: "\n").map(String.init)
                for line in ["tcp qr rd ra 100", "dig 100", "getent 100", "python 100"] {
                    #expect(lines.contains(line), "\(line): \(result.everything)")
                }
                // The first comes from the cluster's server itself, and the others from the cache.
                #expect(lines.contains("large qr aa rd ra 100"), "\(result.everything)")
                #expect(lines.contains { $0.hasPrefix("small qr tc rd ra ") }, "\(result.everything)")
                try await shop.expectNothingLeft()
            }
        }

        @Test("a new Service is found, though its name was asked for before; a new address within its time to live")
        func changes() async throws {
            try await Shop.with { shop in
                let folder = Lab.shared.folder.path + "/changes-\(UUID().uuidString.prefix(8))"
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                defer { try? FileManager.default.removeItem(atPath: folder) }
                // The name is looked up all the time, so that a cache which takes each use for news would never end.
                let script = """
                    while [ ! -e \(folder)/end ]; do
                        getent ahostsv4 late | head -n 1 | cut -d' ' -f1 >\(folder)/new; mv \(folder)/new \(folder)/late
                        sleep 0.1
                    done
                    """
                let process = try Exec(shop, user: .root).start(["/bin/sh", "-c", script])
                let file = folder + "/late"
                func seen() -> String { (try? String(contentsOfFile: file, encoding: .utf8)) ?? "none" }
                try await eventually(within: 60, "the name is asked for") { seen() == "" }
                let late = Shop.service.replacingOccurrences(of: "name: web", with: "name: late")
                for _ in 0..<2 {
                    try await shop.apply(late)
                    let address = try await shop.address(of: "late")
                    // 5 s in the cache, and a moment until the cluster's server knows.
                    try await eventually(within: 8, "\(address) is found: \(seen())") { seen() == address + "\n" }
                    try await kubectl("-n", shop.namespace, "delete", "service", "late")
                    try await eventually(within: 8, "\(address) is forgotten: \(seen())") { seen() == "" }
                }
                try "".write(toFile: folder + "/end", atomically: true, encoding: .utf8)
                _ = try await process.finish()
                try await shop.expectNothingLeft()
            }
        }

        @Test("dnsperf: no query goes unanswered, most of them from the cache")
        func load() async throws {
            try await Shop.with { shop in
                let file = Lab.shared.folder.path + "/queries-\(UUID().uuidString.prefix(8))"
                let full = "\(shop.namespace).svc.cluster.local"
                try "web.\(full) A\nweb.\(full) AAAA\nnothing.\(full) A\nkubernetes.default.svc.cluster.local A\n"
                    .write(toFile: file, atomically: true, encoding: .utf8)
                defer { try? FileManager.default.removeItem(atPath: file) }
                let variables = Lab.shared.environment
                let (seconds, rate) = (variables["DNSPERF_SECONDS"] ?? "5", variables["DNSPERF_RATE"] ?? "1000")
                let result = try await Exec(shop, user: .root).run([
                    "dnsperf", "-s", "127.0.0.1", "-d", file, "-l", seconds, "-Q", rate, "-c", "4", "-t", "5",
                ])
                func number(_ name: String) -> Double? {
                    result.output.split(separator: "\n").first { $0.contains(name) }?.split(separator: ":").last?
                        .split(separator: " ").first.flatMap { Double($0) }
                }
                let sent = try #require(number("Queries sent"), "\(result.everything)")
                let wanted = (Double(seconds) ?? 0) * (Double(rate) ?? 0)
                #expect(sent >= wanted * 0.9, "\(result.everything)")
                #expect(number("Queries completed") == sent && number("Queries lost") == 0, "\(result.everything)")
                #expect(!result.output.contains("SERVFAIL"), "\(result.everything)")
                print(
                    "dnsperf: \(Int(sent)) queries at \(number("Queries per second") ?? 0) a second, "
                        + "\(number("Queries lost") ?? -1) lost, \((number("Average Latency (s)") ?? 0) * 1000) ms on average"
                )
                try await shop.expectNothingLeft()
            }
        }
    }
}
