public import ArgumentParser

/// A plugin's whole life.
public enum Plugin {
    /// Runs the command that the words name; what is wrong with them is told as every failure is.
    public static func run<Root: AsyncParsableCommand>(
        _ plugin: Root.Type, _ words: [String], elsewhere: [String: String] = [:]
    ) async -> Never {
        if words.first == Completion.word {
            await Completion.tell(plugin, Array(words.dropFirst()))
            plugin.exit()
        }
        let configuration = plugin.configuration
        let commands = configuration.subcommands.compactMap { $0.configuration.commandName }
        let words = CommandWords.ordered(words, commands: commands)
        let program = configuration.commandName ?? ""
        if let failure = CommandWords.failure(of: words, commands: commands, program: program, elsewhere: elsewhere) {
            Console().failure(failure)
            plugin.exit(withError: ExitCode(failure.exitCode))
        }
        do {
            var command = try await plugin.asyncParseAsRoot(words)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            let code = plugin.exitCode(for: error)
            // Help and version are told on standard output, and what a command has told already is told once.
            guard !code.isSuccess, !(error is ExitCode) else { plugin.exit(withError: error) }
            let told = "Error: "
            let text = plugin.fullMessage(for: error)
            Console().notice(text.hasPrefix(told) ? "error: \(text.dropFirst(told.count))" : text)
            plugin.exit(withError: code)
        }
        plugin.exit()
    }
}
