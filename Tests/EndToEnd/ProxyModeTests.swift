import Foundation
import Testing

extension EndToEnd {
    @Suite struct ProxyModeTests {
        /// A Service with an address, one without, a StatefulSet's, and names that lead elsewhere.
        static let objects = """
            apiVersion: v1
            kind: Service
            metadata: {name: web-headless}
            spec: {clusterIP: None, selector: {app: web}, ports: [{name: http, port: 8080}]}
            ---
            apiVersion: apps/v1
            kind: StatefulSet
            metadata: {name: db}
            spec:
              serviceName: db
              replicas: 2
              podManagementPolicy: Parallel
              selector: {matchLabels: {run: db}}
              template:
                metadata: {labels: {run: db}}
                spec:
                  terminationGracePeriodSeconds: 1
                  securityContext: {runAsUser: 65532}
                  containers:
                  - name: db
                    image: \(Lab.shared.workloadImage)
                    command: [/bin/sh, -c, 'WHO=$(hostname) exec python3 /app/server.py']
                    env: [{name: PORTS, value: "8080"}]
                    readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: db}
            spec: {clusterIP: None, selector: {run: db}, ports: [{name: http, port: 8080}]}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: alias}
            spec: {type: ExternalName, externalName: web.NAMESPACE.svc.cluster.local}
            """

        /// Makes them, and waits for the pods.
        static func apply(to shop: Shop) async throws {
            try await shop.apply(Self.objects.replacingOccurrences(of: "NAMESPACE", with: shop.namespace))
            try await kubectl("-n", shop.namespace, "rollout", "status", "statefulset/db", "--timeout=60s")
            for name in ["db-0.db", "db-1.db", "web-headless", "alias"] {
                let full = "\(name).\(shop.namespace).svc.cluster.local"
                try await eventually(within: 60, "the cluster's server knows \(full)") {
                    try await !run(Lab.shared.node + ["dig", "+short", "@10.96.0.10", full]).output.isEmpty
                }
            }
        }

        @Test("names of the cluster connect to where they should, by SOCKS and by HTTP", arguments: Exec.User.allCases)
        func names(user: Exec.User) async throws {
            try await Shop.with(isRestricted: false) { shop in
                try await Self.apply(to: shop)
                let up = try await Up.start(shop, by: user)
                do {
                    let full = "\(shop.namespace).svc.cluster.local"
                    let expected = [
                        "web": "cluster", "web.\(shop.namespace)": "cluster", "web.\(shop.namespace).svc": "cluster",
                        "web.\(full)": "cluster", "WEB.\(full).": "cluster", "web-headless:8080": "cluster",
                        "db-0.db:8080": "db-0", "db-1.db.\(shop.namespace):8080": "db-1",
                        "db-1.db.\(full):8080": "db-1",
                        "alias": "cluster",
                    ]
                    for (name, who) in expected {
                        for way in Up.Way.allCases {
                            let answer = try await up.curl("http://\(name)/", way: way)
                            #expect(answer.output.hasPrefix("who=\(who) "), "\(name) by \(way): \(answer.everything)")
                        }
                        let connect = try await up.curl("http://\(name)/", "--proxytunnel")
                        #expect(connect.output.hasPrefix("who=\(who) "), "\(name) by CONNECT: \(connect.everything)")
                    }
                    // An address that a name has stood for just now.
                    let address = try await shop.address()
                    #expect(try await up.curl("http://\(address)/").output.hasPrefix("who=cluster "))
                    let pod = try await kubectl(
                        "-n", shop.namespace, "get", "pod", "db-1", "-o", "jsonpath={.status.podIP}")
                    #expect(try await up.curl("http://\(pod):8080/").output.hasPrefix("who=db-1 "))
                    // Python, which knows of the proxy by its variables.
                    let script = """
                        import sys, urllib.request as u
                        for name in sys.argv[1:]: print(u.urlopen(f"http://{name}/", timeout=10).read().split()[0].decode())
                        """
                    let python = try await run(
                        up.launcher + ["python3", "-c", script, "web", "db-1.db:8080", "alias"],
                        environment: up.environment.merging(["http_proxy": "http://127.0.0.1:\(up.port)"]) { $1 })
                    #expect(python.output == "who=cluster\nwho=db-1\nwho=cluster\n", "\(python.everything)")
                }
                #expect(try await up.plugin("down").status == 0)
                _ = try await up.process.finish()
                try await shop.expectNothingLeft()
            }
        }

        @Test("a client that sends SOCKS's greeting, its request and what is for the server at once is served")
        func atOnce() async throws {
            try await Shop.with { shop in
                try await Up.with(shop) { up in
                    let script = """
                        import socket, sys
                        parts = [b"\\5\\1\\0", b"\\5\\1\\0\\3\\3web\\0\\x50", b"GET / HTTP/1.0\\r\\nHost: web\\r\\n\\r\\n"]
                        for together in 2, 3:
                            s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10)
                            s.sendall(b"".join(parts[:together]))
                            s.sendall(b"".join(parts[together:]))
                            data = b""
                            while part := s.recv(65536): data += part
                            print(together, data[:2], data[2:4], data.split(b"\\r\\n\\r\\n")[1].split()[0].decode())
                        """
                    let result = try await run(["python3", "-c", script, "\(up.port)"])
                    let line = #"b'\x05\x00' b'\x05\x00' who=cluster"#
                    #expect(result.output == "2 \(line)\n3 \(line)\n", "\(result.everything)")
                }
            }
        }

        @Test("every pod behind a headless Service is reached")
        func headless() async throws {
            try await Shop.with { shop in
                try await Self.apply(to: shop)
                try await Up.with(shop) { up in
                    var seen: Set<String> = []
                    try await eventually(within: 30, "both pods answered: \(seen)") {
                        seen.insert(String(try await up.curl("http://db:8080/").output.prefix(8)))
                        return seen.isSuperset(of: ["who=db-0", "who=db-1"])
                    }
                }
            }
        }

        @Test("what is not the cluster's is reached from this machine itself, and nothing is made up")
        func elsewhere() async throws {
            let local = try await LocalProcess.start(who: "laptop", port: 18_080)
            try await Shop.with { shop in
                try await Up.with(shop) { up in
                    let address = Lab.shared.laptopAddress
                    for host in [address, "127.0.0.1", "localhost", "0.0.0.0"] {
                        #expect(try await up.curl("http://\(host):18080/").output.hasPrefix("who=laptop "), "\(host)")
                    }
                    // Another client on this machine.
                    let proxy = "http://127.0.0.1:\(up.port)"
                    let other = try await run(
                        Nobody.launcher + ["curl", "-sS", "-m", "10", "--noproxy", "", "-x", proxy, "http://web/"])
                    #expect(other.output.hasPrefix("who=cluster "), "\(other.everything)")
                    for name in ["nosuch", "nosuch.\(shop.namespace).svc.cluster.local", "nosuch.outside.test"] {
                        for way in Up.Way.allCases {
                            let answer = try await up.curl("http://\(name)/", way: way, "-f")
                            #expect(answer.status != 0, "\(name): \(answer.everything)")
                        }
                    }
                }
            }
            try await local.stop()
        }

        @Test("a big answer and a big upload arrive whole, and a client's early FIN is heard")
        func bytes() async throws {
            try await Shop.with { shop in
                try await Up.with(shop) { up in
                    let size = 20_000_000
                    let answer = try await run([
                        "curl", "-sS", "-m", "30", "--noproxy", "", "-x", "socks5h://127.0.0.1:\(up.port)", "-o",
                        "/dev/null",
                        "-w", "%{size_download}", "http://web/size?bytes=\(size)",
                    ])
                    #expect(answer.output == "\(size)")
                    // A plain request to the proxy, and FIN right behind it.
                    let script = """
                        import socket, sys
                        s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
                        s.sendall(b"GET http://web/ HTTP/1.1\\r\\nHost: web\\r\\n\\r\\n")
                        s.shutdown(socket.SHUT_WR)
                        data = b""
                        while part := s.recv(65536): data += part
                        print(data.decode().split("\\r\\n\\r\\n")[1].strip())
                        """
                    let early = try await run(["python3", "-c", script, "\(up.port)"])
                    #expect(early.output.hasPrefix("who=cluster "), "\(early.everything)")
                }
            }
        }

        @Test("programs that are told by the variables find the cluster, and kubectl its own way")
        func variables() async throws {
            try await Shop.with { shop in
                try await Up.with(shop) { up in
                    let plugin = Lab.shared.namesPlugin
                    let script = """
                        eval "$(\(plugin) env)" && curl -sS -m 10 http://web.\(shop.namespace)/ &&
                        \(Lab.shared.kubectl) -n \(shop.namespace) get service web -o name &&
                        python3 -c 'import urllib.request as u; print(u.urlopen("http://web/").read().decode())' &&
                        eval "$(\(plugin) env --unset)" && env | grep -i _proxy || echo unset
                        """
                    let result = try await run(["sh", "-c", script], environment: up.environment)
                    let lines = result.output.split(separator: "\n").filter { !$0.isEmpty }
                    #expect(lines.count == 4, "\(result.everything)")
                    #expect(lines.first?.hasPrefix("who=cluster ") == true, "\(result.everything)")
                    #expect(lines.contains("service/web"), "\(result.everything)")
                    #expect(lines.last == "unset", "\(result.everything)")
                }
            }
        }
    }
}
