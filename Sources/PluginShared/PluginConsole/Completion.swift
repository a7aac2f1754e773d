import ArgumentParser
import Kubernetes

/// kubectl's side of completion: kubectl 1.26 and newer runs `kubectl_complete-PLUGIN` with the words behind the plugin's name,
/// and reads a word a line, and a directive for the shell at the end (`cobra.ShellCompDirective`).
enum Completion {
    /// The word by which `kubectl_complete-PLUGIN` calls the plugin; cobra's own name for the same.
    static let word = "__complete"

    /// Do not offer files.
    private static let withoutFiles = ":4"
    /// Offer files, as a shell does by itself.
    private static let withFiles = ":0"

    /// Prints what the words can go on with.
    static func tell<Root: AsyncParsableCommand>(_ plugin: Root.Type, _ words: [String]) async {
        guard let tool = JSONValue(text: plugin._dumpHelp())?["command"] else { return }
        let console = Console()
        switch CompletionRequest(words, of: tool).answer {
        case .files: console.result(Self.withFiles)
        case .words(let found):
            for word in found {
                console.result(word.description.isEmpty ? word.text : "\(word.text)\t\(word.description)")
            }
            console.result(Self.withoutFiles)
        case .custom(let commands, let argument):
            let found = await Self.values(plugin, commands, argument, words)
            let typed = ClusterCompletion.value(of: words.last ?? "")
            for word in found where word.hasPrefix(typed) { console.result(word) }
            console.result(Self.withoutFiles)
        }
    }

    /// What the argument's own completion says, asked as the scripts for shells ask ArgumentParser.
    private static func values<Root: AsyncParsableCommand>(
        _ plugin: Root.Type, _ commands: [String], _ argument: String, _ words: [String]
    ) async -> [String] {
        let last = words.last ?? ""
        let request =
            ["---completion"] + commands + ["--", argument, "\(words.count)", "\(last.count)", "kubectl"] + words
        do {
            _ = try await Root.asyncParseAsRoot(request)
            return []
        } catch {
            return plugin.fullMessage(for: error).split(separator: "\n").map(String.init)
        }
    }
}
