import FaultBench
import Foundation
import Synchronization
import Testing

/// A server of its kind on loopback, that knows its name, and writes down what it was asked.
final class Server: Sendable {
    let name: String
    let kind: ServerKind
    let port: Int
    private let folder: URL
    private let program = Mutex<Program?>(nil)
    /// Takes connections, and says nothing on them.
    private let silent: RawServer
    private let silentCount: Counter

    private init(_ name: String, _ kind: ServerKind, _ folder: URL) throws {
        self.name = name
        self.kind = kind
        self.port = try Self.freePort()
        self.folder = folder.appending(path: name)
        try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
        let count = Counter()
        self.silentCount = count
        self.silent = try RawServer { socket in
            count.add()
            _ = try? socket.receiveAll()
            socket.close()
        }
    }

    /// Starts one for each name, side by side, and ends them behind a body.
    static func with<Value>(
        _ names: [String], _ kind: ServerKind, _ body: ([String: Server]) async throws -> Value
    ) async throws -> Value {
        try await Tools.withFolder { folder in
            let servers = try names.map { try Server($0, kind, folder) }
            for server in servers { try server.launch() }
            let result: Result<Value, any Error>
            do {
                for server in servers { try await server.waitUntilUp() }
                result = .success(try await body(Dictionary(uniqueKeysWithValues: servers.map { ($0.name, $0) })))
            } catch {
                result = .failure(error)
            }
            for server in servers {
                await server.kill()
                server.silent.stop()
            }
            return try result.get()
        }
    }

    /// Starts it again.
    func start() async throws {
        try self.launch()
        try await self.waitUntilUp()
    }

    /// Ends it as `kill -9` does, in the middle of whatever it does.
    func kill() async {
        await self.program.withLock { program in
            defer { program = nil }
            return program
        }?.end()
    }

    /// What it was asked, a line each: method, target, and the fields `X-User` and `X-Id`.
    func seen() throws -> [String] {
        guard let bytes = FileManager.default.contents(atPath: self.log.path) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// How many requests it holds, and will not answer.
    func heldCount() throws -> Int {
        try self.silentCount.value + self.seen().filter { $0.contains("/hold ") || $0.contains(" hold ") }.count
    }

    private var log: URL { self.folder.appending(path: "log") }
    private var errors: URL { self.folder.appending(path: "errors") }

    private func launch() throws {
        // What a server that was killed has left, it does not bind to again.
        try? FileManager.default.removeItem(at: self.folder.appending(path: "socket"))
        let words = try self.kind.words(
            name: self.name, port: self.port, folder: self.folder, log: self.log, silentPort: self.silent.port)
        let program = try Program.server(
            words,
            environment: [
                "SERVER_NAME": self.name, "SERVER_LOG": self.log.path, "SERVER_PORT": "\(self.port)",
                "PYTHONPATH": Tools.program("servers"), "PYTHONDONTWRITEBYTECODE": "1",
            ], errors: self.errors)
        self.program.withLock { $0 = program }
    }

    private func waitUntilUp() async throws {
        let isUp = await eventually {
            guard let socket = try? RawSocket.connect(port: self.port) else { return false }
            socket.close()
            return true
        }
        let said = FileManager.default.contents(atPath: self.errors.path) ?? Data()
        try #require(isUp, "\(self.kind.rawValue) does not start: \(String(decoding: said.suffix(500), as: UTF8.self))")
    }

    /// Below those that connections are given, so that nobody takes it while a server is away.
    private static func freePort() throws -> Int {
        for _ in 0..<100 {
            let port = Int.random(in: 15_000..<32_000)
            if let server = try? RawServer(port: port, { $0.close() }) {
                server.stop()
                return port
            }
        }
        throw RawSocketError.timedOut
    }
}

/// Counts on any thread.
final class Counter: Sendable {
    private let state = Mutex(0)
    var value: Int { self.state.withLock { $0 } }
    func add() { self.state.withLock { $0 += 1 } }
}

/// Waits until a condition holds that nobody announces; `false` after 20 s.
func eventually(_ condition: () async throws -> Bool) async -> Bool {
    let start = ContinuousClock.now
    while ContinuousClock.now - start < .seconds(20) {
        if (try? await condition()) == true { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return false
}
