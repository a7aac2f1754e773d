#if os(Linux)
    import Foundation
    import NIOCore
    import NIOPosix
    import Names
    import Testing

    @testable import NamespacedCommand

    /// Whom the command runs as.
    enum CommandUser: String, CaseIterable, Sendable {
        case own
        case nobody

        /// What starts a program as that user.
        var launcher: [String] {
            self == .own ? [] : ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        }

        /// Those that this machine can have: nft and namespaces are needed, and root to be another client.
        static let possible: [CommandUser] = {
            guard FileManager.default.isExecutableFile(atPath: "/usr/sbin/nft") else { return [] }
            return geteuid() == 0 ? [.own, .nobody] : [.own]
        }()
    }

    /// Says something, and closes.
    private final class Greeting: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        func channelActive(context: ChannelHandlerContext) {
            context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: "machine\n")), promise: nil)
            context.close(promise: nil)
        }
    }

    /// Real namespaces, with a cluster that is in this process.
    @Suite(.timeLimit(.minutes(1))) struct LiveNamespaceTests {
        /// The plugin's binary, where everybody may run it.
        static let executable: String = {
            // Built beside the tests, wherever that is.
            let products = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            let copy = FileManager.default.temporaryDirectory.appendingPathComponent("namespaced-\(getpid())")
            try? FileManager.default.copyItem(at: products.appendingPathComponent("kubectl-tunnel_dns"), to: copy)
            chmod(copy.path, 0o755)
            atexit { unlink(LiveNamespaceTests.executable) }
            return copy.path
        }()

        /// Runs bash in a namespace; the result is its exit code.
        static func run(
            _ script: String, as user: CommandUser,
            _ body: (CommandNamespace, FakeCluster) async throws -> Void = { _, _ in }
        ) async throws -> Int32 {
            let namespace = try await CommandNamespace.open(
                command: ["/bin/bash", "-c", script], executable: Self.executable, launcher: user.launcher)
            let cluster = FakeCluster()
            let facts = NamespaceNetwork.Cluster(
                zone: try DNSName("cluster.local"), search: ["shop.svc.cluster.local", "svc.cluster.local"],
                minimumDots: 5, rules: [])
            let machine = ResolverConfiguration(text: "")
            let network = try await NamespaceNetwork.serve(
                namespace.listeners, of: facts, machine: machine, dialer: cluster, names: cluster
            ) { cluster.notices.yield($0) }
            let ports = HostPortWatch(of: namespace)
            let watch = Task { await ports.run() }
            let code: Int32
            do {
                _ = try await namespace.start(resolver: NamespaceNetwork.resolver(of: facts, machine: machine))
                try await body(namespace, cluster)
                code = await namespace.exitCode()
            } catch {
                watch.cancel()
                await namespace.close()
                throw error
            }
            watch.cancel()
            await network.stop()
            await namespace.close()
            return code
        }

        @Test("exit codes and signals' numbers come back", arguments: CommandUser.possible)
        func exitCodes(user: CommandUser) async throws {
            #expect(try await Self.run("exit 3", as: user) == 3)
            #expect(try await Self.run("kill -9 $$", as: user) == 137)
            let failure = await #expect(throws: NamespaceFailure.self) {
                let namespace = try await CommandNamespace.open(
                    command: ["no-such-command"], executable: Self.executable, launcher: user.launcher)
                defer { Task { await namespace.close() } }
                _ = try await namespace.start(resolver: "")
            }
            #expect(failure?.exitCode == 127)
        }

        @Test("the command keeps its user, and has no rights beyond", arguments: CommandUser.possible)
        func user(user: CommandUser) async throws {
            let id = user == .own ? geteuid() : 65_534
            let rights = id == 0 ? "" : " && grep -q '^CapEff:.0000000000000000$' /proc/self/status"
            #expect(try await Self.run("[ $(id -u) = \(id) ]\(rights)", as: user) == 0)
        }

        @Test("a short name leads to the cluster, bytes go both ways", arguments: CommandUser.possible)
        func cluster(user: CommandUser) async throws {
            let script = """
                exec 3<>/dev/tcp/web.shop/8080 && echo ping >&3 && read -r line <&3 && [ "$line" = '192.0.2.7 8080 ping' ]
                """
            #expect(try await Self.run(script, as: user) == 0)
        }

        @Test("glibc's own resolver sees the names, and only those that there are", arguments: CommandUser.possible)
        func names(user: CommandUser) async throws {
            #expect(
                try await Self.run("[ \"$(getent ahostsv4 web | head -n 1 | cut -d' ' -f1)\" = 192.0.2.7 ]", as: user)
                    == 0)
            #expect(try await Self.run("getent hosts web.shop.svc.cluster.local", as: user) == 0)
            #expect(try await Self.run("getent hosts nothing.shop", as: user) == 2)
        }

        @Test("what the gateway refuses is a reset, and told once", arguments: CommandUser.possible)
        func refused(user: CommandUser) async throws {
            let script =
                "for i in 1 2; do exec 3<>/dev/tcp/refused.shop/80; cat <&3 2>/dev/null && exit 9; done; exit 4"
            let code = try await Self.run(script, as: user) { _, cluster in
                var notices = cluster.told.makeAsyncIterator()
                #expect(await notices.next() == "192.0.2.8:80: connection refused")
            }
            #expect(code == 4)
        }

        @Test(
            "a server of this machine's localhost is reached, a port where there is none is refused",
            arguments: CommandUser.possible)
        func hostLoopback(user: CommandUser) async throws {
            let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Greeting())
                    }
                }.bind(host: "127.0.0.1", port: 0).get()
            let port = try #require(server.localAddress?.port)
            let found = "exec 3<>/dev/tcp/127.0.0.1/\(port) && read -r line <&3 && [ $line = machine ]"
            #expect(try await Self.run(found, as: user) == 0)
            try await server.close()
            #expect(try await Self.run("(exec 3<>/dev/tcp/127.0.0.1/\(port)) 2>/dev/null", as: user) == 1)
        }

        @Test(
            "a server of the command, on a low port too, is reached from outside, and from inside before this machine's",
            arguments: CommandUser.possible)
        func inside(user: CommandUser) async throws {
            let server = """
                import socket
                listener = socket.create_server(("127.0.0.1", 80))
                for _ in range(2):
                    socket.socket.sendall(listener.accept()[0], b"inside")
                """
            let code = try await Self.run("exec /usr/bin/python3 -c '\(server)'", as: user) { namespace, _ in
                for _ in 0..<2 {
                    var descriptor: CInt?
                    // The server is there when it accepts.
                    while descriptor == nil { descriptor = try? await namespace.connect(port: 80) }
                    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                        .withConnectedSocket(try #require(descriptor)) { channel in
                            channel.eventLoop.makeCompletedFuture {
                                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                            }
                        }
                    try await channel.executeThenClose { inbound, _ in
                        var text = ""
                        for try await part in inbound { text += String(buffer: part) }
                        #expect(text == "inside")
                    }
                }
            }
            #expect(code == 0)
        }

        @Test("other UDP is refused, and a hard-wired name server is ours", arguments: CommandUser.possible)
        func datagrams(user: CommandUser) async throws {
            let script = """
                import socket
                client = socket.socket(type=socket.SOCK_DGRAM)
                client.settimeout(20)
                client.connect(("10.0.0.1", 123))
                client.send(b"x")
                try:
                    client.recv(1)
                except ConnectionRefusedError:
                    names = socket.socket(type=socket.SOCK_DGRAM)
                    names.settimeout(20)
                    names.connect(("8.8.8.8", 53))
                    names.send(b"\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\3web\\4shop\\3svc\\7cluster\\5local\\0\\0\\1\\0\\1")
                    raise SystemExit(0 if bytes([192, 0, 2, 7]) in names.recv(512) else 5)
                """
            #expect(try await Self.run("exec /usr/bin/python3 -c '\(script)'", as: user) == 0)
        }

        @Test("signals reach the command", arguments: CommandUser.possible)
        func signals(user: CommandUser) async throws {
            let script = "trap 'exit 7' USR1; echo ready >/dev/tcp/web/1; while :; do sleep 0.05; done"
            let code = try await Self.run(script, as: user) { namespace, cluster in
                var connections = cluster.connected.makeAsyncIterator()
                _ = await connections.next()
                namespace.send(signal: SIGUSR1)
            }
            #expect(code == 7)
        }

        @Test("without the plugin there is no command either, and whoever waited for the end finds none")
        func end() async throws {
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("deaf-\(UUID().uuidString)").path
            defer { unlink(file) }
            let namespace = try await CommandNamespace.open(
                command: ["/bin/bash", "-c", "trap '' TERM; : >\(file); exec sleep 1000"], executable: Self.executable)
            let pid = try await namespace.start(resolver: "")
            // Before that SIGTERM would end it, and nothing be shown.
            while !FileManager.default.fileExists(atPath: file) { await Task.yield() }
            #expect(kill(pid, 0) == 0)
            await namespace.close()
            #expect(await namespace.exitCode() == 137)
            // The helper has killed the command, which does not listen to SIGTERM, and has buried it.
            #expect(kill(pid, 0) != 0 && errno == ESRCH)
        }
    }
#endif
