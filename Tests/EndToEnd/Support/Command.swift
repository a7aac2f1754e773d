import Foundation
import Synchronization

/// A program that ran to its end.
struct CommandResult: Sendable {
    var status: Int32
    var output: String
    var error: String
    var everything: String { self.output + self.error }
}

/// A program that runs, with its output in a file each.
///
/// Spawned by hand: Foundation's `Process` passes on the signal mask of its thread, in which all signals are blocked.
final class Running: Sendable {
    let pid: pid_t
    private let words: [String]
    private let outputFile: URL
    private let errorFile: URL
    private let ended = Mutex<Int32?>(nil)

    /// Starts a program; the first word is its path, or a name on the path.
    init(_ words: [String], environment: [String: String] = Lab.shared.environment) throws {
        let name = UUID().uuidString
        self.words = words
        self.outputFile = Lab.shared.folder.appendingPathComponent(name + ".out")
        self.errorFile = Lab.shared.folder.appendingPathComponent(name + ".err")

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        let flags = O_WRONLY | O_CREAT | O_TRUNC
        posix_spawn_file_actions_addopen(&actions, 1, self.outputFile.path, flags, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, self.errorFile.path, flags, 0o600)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer {
            for text in arguments + variables { free(text) }
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, words[0], &actions, &attributes, &arguments, &variables)
        guard code == 0 else { throw Missed(description: "\(words[0]): \(String(cString: strerror(code)))") }
        self.pid = pid
    }

    var isRunning: Bool { self.status == nil }
    var output: String { (try? String(contentsOf: self.outputFile, encoding: .utf8)) ?? "" }
    var error: String { (try? String(contentsOf: self.errorFile, encoding: .utf8)) ?? "" }

    /// The exit code, or 128 and the signal; `nil` while it runs.
    private var status: Int32? {
        self.ended.withLock { ended in
            if let ended { return ended }
            var raw: Int32 = 0
            guard waitpid(self.pid, &raw, WNOHANG) == self.pid else { return nil }
            ended = raw & 0x7f == 0 ? (raw >> 8) & 0xff : 128 + (raw & 0x7f)
            return ended
        }
    }

    /// Sends a signal, unless the program has ended.
    func send(_ signal: Int32) {
        guard self.isRunning else { return }
        kill(self.pid, signal)
    }

    /// Waits for the program's end.
    func finish(within seconds: Double = 60) async throws -> CommandResult {
        try await eventually(within: seconds, "\(self.words.joined(separator: " ")) ends") { !self.isRunning }
        return CommandResult(status: self.status ?? -1, output: self.output, error: self.error)
    }

    deinit {
        self.send(SIGKILL)
        for file in [self.outputFile, self.errorFile] { try? FileManager.default.removeItem(at: file) }
    }
}

/// A fact that did not come about.
struct Missed: Error, CustomStringConvertible {
    var description: String
}

/// Waits for a fact. It is looked at again after twice the time that the look took: most start a program, and several suites
/// share two cores.
func eventually(
    within seconds: Double = 30, _ what: @autoclosure () async throws -> String, _ fact: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(seconds)
    while true {
        let begin = clock.now
        if try await fact() { return }
        let now = clock.now
        guard now < deadline else { throw Missed(description: "not within \(seconds) s: \(try await what())") }
        try await Task.sleep(for: min(max(.milliseconds(20), (now - begin) * 2), .milliseconds(300)))
    }
}

/// Runs a program to its end.
@discardableResult
func run(
    _ words: [String], environment: [String: String] = Lab.shared.environment, within seconds: Double = 60
) async throws -> CommandResult {
    try await Running(words, environment: environment).finish(within: seconds)
}

/// Runs kubectl as admin, and wants it to succeed.
@discardableResult
func kubectl(_ words: String..., input: String? = nil) async throws -> String {
    let lab = Lab.shared
    var words = [lab.kubectl, "--kubeconfig=\(lab.kubeconfig("admin"))"] + words
    if let input {
        let file = lab.folder.appendingPathComponent(UUID().uuidString + ".yaml")
        try input.write(to: file, atomically: true, encoding: .utf8)
        words += ["-f", file.path]
    }
    let result = try await run(words)
    guard result.status == 0 else { throw Missed(description: "\(words.joined(separator: " ")): \(result.error)") }
    return result.output
}
