import ArgumentParser
import FoundationEssentials
import PluginConsole
import PluginSession

/// `kubectl tunnel-dns status`.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show what runs, through which gateway, and what went wrong last.")

    @Option(name: .shortAndLong, help: "How to print it.")
    var output = UpOutput.text

    func run() async throws {
        try await CommandRunner.run { console, environment in
            let running = await Sessions(folder: try RuntimeFolder.open(environment), console: console).running()
            if self.output == .json {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                return console.result(String(decoding: try encoder.encode(running), as: UTF8.self))
            }
            guard !running.isEmpty else {
                throw PluginFailure("tunnel-dns is not up", hint: "start it with `kubectl tunnel-dns up`")
            }
            console.result(running.map { $0.text(age: Age.text(seconds: $0.seconds)) }.joined(separator: "\n\n"))
        }
    }
}
