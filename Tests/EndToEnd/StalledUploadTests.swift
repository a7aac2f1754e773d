import Foundation
import Testing

extension EndToEnd {
    /// Uploads that nobody reads: what all of them hold together.
    @Suite struct StalledUploadTests {
        /// PORT: reads no body of requests for /stall (but for what its reader holds, 8 KiB), and answers all others.
        private static let server = """
            import asyncio, sys
            forever = asyncio.Event()
            async def serve(reader, writer):
                line = await reader.readline()
                while (await reader.readline()).strip():
                    pass
                if b"/stall" in line:
                    await forever.wait()
                writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 12\\r\\nConnection: close\\r\\n\\r\\nwho=laptop \\n")
                writer.close()
            async def main():
                server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]), limit=4096, backlog=4096)
                await server.serve_forever()
            asyncio.run(main())
            """

        /// ADDRESS PORT COUNT: so many uploads of 20 MB; says so when nothing moves any more, and holds them.
        private static let uploads = """
            import resource, selectors, socket, sys, time
            count = int(sys.argv[3])
            resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, max(count + 100, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
            head = b"POST /stall HTTP/1.1\\r\\nHost: web\\r\\nContent-Length: 20000000\\r\\n\\r\\n"
            piece, selector, moved = b"x" * 65536, selectors.DefaultSelector(), time.monotonic()
            for _ in range(count):
                peer = socket.create_connection((sys.argv[1], int(sys.argv[2])), 20)
                peer.sendall(head)
                peer.setblocking(False)
                selector.register(peer, selectors.EVENT_WRITE, [20_000_000])
            while time.monotonic() - moved < 3:
                for key, _ in selector.select(0.5):
                    try:
                        key.data[0] -= key.fileobj.send(piece[:key.data[0]])
                        moved = time.monotonic()
                    except BlockingIOError:
                        pass
            left = [key.data[0] for key in selector.get_map().values()]
            print(f"stalled {sum(1 for bytes in left if bytes > 0)}, taken {sum(20_000_000 - bytes for bytes in left) >> 20} MiB", flush=True)
            sys.stdin.read()
            """

        /// In KiB: 128 MiB, the limit of the pod.
        private static let (mostOfProxy, mostOfPlugin) = (128 * 1024, 128 * 1024)

        @Test("stalled uploads are bounded together at both ends, and others are answered")
        func bounded() async throws {
            let count = Lab.isThorough ? 1500 : 300
            try await Shop.with { shop in
                let local = try Running(["python3", "-c", Self.server, "3000"])
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000")
                try await shop.expect("laptop")
                let address = try await shop.address()
                let uploads = try Running(
                    Lab.shared.node + ["python3", "-c", Self.uploads, address, "80", "\(count)"])
                try await eventually(within: 120, "nothing moves any more: \(uploads.error)") {
                    uploads.output.contains("stalled")
                }
                #expect(uploads.output.hasPrefix("stalled \(count),"), "\(uploads.output)")
                for _ in 0..<20 { try await shop.expect("laptop") }
                let proxy = try PodProcess.memory(of: try await PodProcess.pid(of: "proxy", shop))
                let own = try PodProcess.memory(of: plugin.pid)
                print("\(uploads.output.dropLast()): proxy \(proxy >> 10) MiB, plugin \(own >> 10) MiB")
                #expect(proxy < Self.mostOfProxy && own < Self.mostOfPlugin)
                uploads.send(SIGKILL)
                _ = try await uploads.finish()
                try await shop.end(plugin, before: before)
                try await shop.expect("cluster")
                local.send(SIGKILL)
                _ = try await local.finish()
            }
        }
    }
}
