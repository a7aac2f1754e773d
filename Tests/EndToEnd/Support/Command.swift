import Foundation

/// A program that ran to its end.
struct CommandResult: Sendable {
    var status: Int32
    var output: String
    var error: String
    var everything: String { self.output + self.error }
}

/// A program that runs, with its output in a file each.
final class Running: @unchecked Sendable {
    private let process = Process()
    private let outputFile: URL
    private let errorFile: URL
    private let input = Pipe()

    /// Starts a program; the first word is its path.
    init(_ words: [String], environment: [String: String] = Lab.shared.environment) throws {
        let name = UUID().uuidString
        self.outputFile = Lab.shared.folder.appendingPathComponent(name + ".out")
        self.errorFile = Lab.shared.folder.appendingPathComponent(name + ".err")
        for file in [self.outputFile, self.errorFile] {
            _ = FileManager.default.createFile(atPath: file.path, contents: nil)
        }
        self.process.executableURL = URL(fileURLWithPath: words[0].hasPrefix("/") ? words[0] : "/usr/bin/env")
        self.process.arguments = words[0].hasPrefix("/") ? Array(words.dropFirst()) : words
        self.process.environment = environment
        self.process.standardInput = self.input
        self.process.standardOutput = try FileHandle(forWritingTo: self.outputFile)
        self.process.standardError = try FileHandle(forWritingTo: self.errorFile)
        try self.process.run()
    }

    var pid: Int32 { self.process.processIdentifier }
    var isRunning: Bool { self.process.isRunning }
    var output: String { (try? String(contentsOf: self.outputFile, encoding: .utf8)) ?? "" }
    var error: String { (try? String(contentsOf: self.errorFile, encoding: .utf8)) ?? "" }

    func send(_ signal: Int32) { kill(self.pid, signal) }

    /// Tells a program that reads its standard input to end.
    func closeInput() { try? self.input.fileHandleForWriting.close() }

    /// Waits for the program's end.
    func finish(within seconds: Double = 60) async throws -> CommandResult {
        try await eventually(within: seconds, "\(self.process.arguments ?? []) ends") { !self.process.isRunning }
        return CommandResult(status: self.process.terminationStatus, output: self.output, error: self.error)
    }

    deinit {
        if self.process.isRunning { kill(self.pid, SIGKILL) }
    }
}

/// A fact that did not come about.
struct Missed: Error, CustomStringConvertible {
    var description: String
}

/// Waits for a fact.
func eventually(
    within seconds: Double = 30, _ what: String, _ fact: () async throws -> Bool
) async throws {
    let deadline = Date().addingTimeInterval(seconds)
    while try await !fact() {
        guard Date() < deadline else { throw Missed(description: "not within \(seconds) s: \(what)") }
        try await Task.sleep(for: .milliseconds(20))
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
