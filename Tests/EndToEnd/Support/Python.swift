import Foundation

/// Small clients that run on the node.
enum Python {
    /// Runs a program on the node, and wants it to succeed.
    @discardableResult
    static func onNode(_ program: String, _ arguments: String..., within seconds: Double = 60) async throws -> String {
        let result = try await run(
            Lab.shared.node + ["python3", "-c", program] + arguments, within: seconds)
        guard result.status == 0 else { throw Missed(description: result.error) }
        return result.output.trimmingCharacters(in: .newlines)
    }

    /// ADDRESS PORT COUNT: sends so many bytes, shuts its side down, and prints `sent=…` and the answer.
    static let halfClose = """
        import hashlib, os, socket, sys
        data = os.urandom(int(sys.argv[3]))
        with socket.create_connection((sys.argv[1], int(sys.argv[2])), 10) as peer:
            peer.sendall(data)
            peer.shutdown(socket.SHUT_WR)
            answer = peer.makefile().read()
        print(answer == f"count={len(data)} sha256={hashlib.sha256(data).hexdigest()}\\n")
        """

    /// ADDRESS PORT COUNT: so many requests for /reset; prints how many connections ended in which way.
    static let resets = """
        import collections, socket, sys, time
        begin, ends = time.monotonic(), collections.Counter()
        for _ in range(int(sys.argv[3])):
            with socket.create_connection((sys.argv[1], int(sys.argv[2])), 10) as peer:
                try:
                    peer.sendall(b"GET /reset HTTP/1.1\\r\\nHost: web\\r\\n\\r\\n")
                    ends["answered" if peer.recv(100) else "closed"] += 1
                except ConnectionResetError:
                    ends["reset"] += 1
        print(dict(ends), "in time" if time.monotonic() - begin < 30 else "too slow")
        """

    /// ADDRESS PORT COUNT: opens so many connections, and only then asks on each; prints who answered how often.
    static let atOnce = """
        import asyncio, collections, re, sys
        async def main(host, port, count):
            peers = await asyncio.gather(*(asyncio.open_connection(host, port) for _ in range(count)))
            for _, writer in peers:
                writer.write(b"GET /sleep?seconds=1 HTTP/1.1\\r\\nHost: web\\r\\nConnection: close\\r\\n\\r\\n")
            answers = await asyncio.gather(*(reader.read() for reader, _ in peers))
            print(dict(collections.Counter(re.search(rb"who=(\\S+)", a)[1].decode() for a in answers)))
        asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
        """
}
