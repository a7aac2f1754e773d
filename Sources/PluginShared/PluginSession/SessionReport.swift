import ArgumentParser
public import Kubernetes
public import PluginConsole
import Session

/// What happens, as the user reads it: lines for people on standard error, or a JSON object a line on standard output.
public struct SessionReport: Sendable {
    /// Where it is written.
    public let console: Console
    let isJSON: Bool
    let isVerbose: Bool
    private let clock = ContinuousClock()
    private let start = ContinuousClock.now

    /// A report.
    ///
    /// - Parameters:
    ///   - isJSON: Whether programs read it.
    ///   - isVerbose: Whether details are shown.
    public init(console: Console, isJSON: Bool, isVerbose: Bool) {
        self.console = console
        self.isJSON = isJSON
        self.isVerbose = isVerbose
    }

    /// Runs one step: named while it runs, and with its time when it is done.
    public func step<Value>(_ name: String, _ body: () async throws -> Value) async rethrows -> Value {
        let begin = self.clock.now
        if !self.isJSON { self.console.progress(name) }
        let value = try await body()
        let seconds = Self.seconds(self.clock.now - begin)
        if self.isJSON {
            self.emit("step", ["name": .string(name), "seconds": .number(seconds)])
        } else {
            self.console.notice("  \(name) (\(seconds) s)")
        }
        return value
    }

    /// Something that happened.
    ///
    /// - Parameters:
    ///   - event: Its name for programs.
    ///   - text: The line for people.
    public func event(_ event: String, _ text: String, _ members: [String: JSONValue] = [:]) {
        if self.isJSON {
            self.emit(event, members.merging(["message": .string(text)]) { own, _ in own })
        } else {
            self.console.notice(text)
        }
    }

    /// One of many things of a kind, that somebody asked to see: on standard output, for people too.
    public func row(_ event: String, _ row: StyledText, _ members: [String: JSONValue]) {
        guard self.isJSON else { return self.console.result(row) }
        self.emit(event, members.merging(["message": .string(row.text(isColored: false))]) { own, _ in own })
    }

    /// Something that only `-v` shows.
    public func detail(_ text: String) {
        guard self.isVerbose else { return }
        if self.isJSON {
            self.emit("detail", ["message": .string(text)])
        } else {
            self.console.notice("  \(text)")
        }
    }

    /// Runs a body whose failure programs read as an event; for people it goes on to the command.
    public func tellingFailures<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch {
            guard self.isJSON, let failure = PluginFailure(told: error) else { throw error }
            self.emit(
                "error",
                ["message": .string(failure.summary)].merging(failure.hint.map { ["hint": .string($0)] } ?? [:]) { $1 })
            throw ExitCode(failure.exitCode)
        }
    }

    private func emit(_ event: String, _ members: [String: JSONValue]) {
        let seconds = JSONValue.number(Self.seconds(self.clock.now - self.start))
        let object = members.merging(["event": .string(event), "at": seconds]) { own, _ in own }
        self.console.result(JSONValue.object(object).canonicalText)
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double((duration / .milliseconds(10)).rounded()) / 100
    }
}
