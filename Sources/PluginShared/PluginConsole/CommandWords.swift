import ArgumentParser
import Kubernetes

/// The words of a command line, as kubectl's users write them.
public enum CommandWords {
    /// Puts flags that stand in front of the command behind it: `-n shop list` is `list -n shop`, as it is for kubectl. All
    /// flags that several commands share take a value.
    public static func ordered(_ words: [String], commands: [String]) -> [String] {
        var index = 0
        while index < words.count, words[index].hasPrefix("-"), words[index] != "--" {
            index += words[index].contains("=") ? 1 : 2
        }
        guard index > 0, index < words.count, commands.contains(words[index]) else { return words }
        return [words[index]] + words[..<index] + words[(index + 1)...]
    }

    /// What is wrong with a first word that is no command; `nil` when it is one, or a flag.
    ///
    /// - Parameter elsewhere: Commands of another plugin, and how they are called there.
    public static func failure(
        of words: [String], commands: [String], program: String, elsewhere: [String: String] = [:]
    ) -> PluginFailure? {
        guard let word = words.first, !word.hasPrefix("-"), !(commands + ["help"]).contains(word) else { return nil }
        let near =
            elsewhere[word].map { ["`\($0)`"] } ?? NearNames.nearest(to: word, among: commands)
        let hint = near.isEmpty ? "see `\(program) --help`" : "did you mean \(near.joined(separator: " or "))?"
        return PluginFailure("there is no command \(word)", hint: hint, exitCode: ExitCode.validationFailure.rawValue)
    }
}
