public import Kubernetes

/// What a command line that is being typed can go on with, by the description that ArgumentParser gives of a tool
/// (`--experimental-dump-help`, version 0).
public struct CompletionRequest: Sendable, Equatable {
    /// What it can go on with.
    public enum Answer: Sendable, Equatable {
        /// These words, each with a description or an empty one.
        case words([Word])
        /// What the argument's own completion says: the commands down to it, and its name as ArgumentParser calls it.
        case custom(commands: [String], argument: String)
        /// A file or a command of this machine.
        case files
    }

    /// A word that can come next.
    public struct Word: Sendable, Equatable {
        /// The word.
        public var text: String
        /// What it is, in a line.
        public var description: String
    }

    /// What the last word, which may be empty, can become.
    public let answer: Answer

    /// Reads the words behind the plugin's name.
    ///
    /// - Parameter tool: The root command's description.
    public init(_ words: [String], of tool: JSONValue) {
        var command = tool
        var commands: [String] = []
        var positionals = 0
        var option: JSONValue?
        for word in words.dropLast() {
            if option != nil {
                option = nil
            } else if word == "--" {
                self.answer = .files
                return
            } else if word.hasPrefix("-"), word.count > 1 {
                // `--flag=value` has its value already.
                let found = command.members("arguments").first { $0.names.contains(word) }
                option = found?["kind"]?.text == "option" ? found : nil
            } else if let next = command.members("subcommands").first(where: { $0["commandName"]?.text == word }) {
                command = next
                commands.append(word)
            } else {
                positionals += 1
            }
        }
        self.answer = Self.answer(
            words.last ?? "", command, commands, positionals: positionals, option: option)
    }

    private static func answer(
        _ typed: String, _ command: JSONValue, _ commands: [String], positionals: Int, option: JSONValue?
    ) -> Answer {
        if let option { return self.value(of: option, name: option.longest, typed, commands) }
        if typed.hasPrefix("-") {
            guard let equals = typed.firstIndex(of: "=") else { return .words(self.flags(of: command, typed)) }
            // The shell has put the flag aside: it wants the value alone.
            guard let found = command.members("arguments").first(where: { $0.names.contains(String(typed[..<equals])) })
            else { return .words([]) }
            return self.value(of: found, name: found.longest, String(typed[equals...].dropFirst()), commands)
        }
        let subcommands = command.members("subcommands").filter(\.isShown)
        if !subcommands.isEmpty {
            let words = subcommands.map { Word(text: $0["commandName"]?.text ?? "", description: $0.abstract) }
            return .words(words.filter { $0.text.hasPrefix(typed) && $0.text != "help" })
        }
        let arguments = command.members("arguments").filter { $0["kind"]?.text == "positional" }
        guard positionals < arguments.count else { return .words([]) }
        return self.value(of: arguments[positionals], name: "positional@\(positionals)", typed, commands)
    }

    private static func flags(of command: JSONValue, _ typed: String) -> [Word] {
        command.members("arguments").filter(\.isShown).compactMap { argument in
            let name = argument.longest
            return name.hasPrefix("--") && name.hasPrefix(typed)
                ? Word(text: name, description: argument.abstract) : nil
        }
    }

    private static func value(
        of argument: JSONValue, name: String, _ typed: String, _ commands: [String]
    ) -> Answer {
        if case .array(let values)? = argument["allValues"] {
            return .words(
                values.compactMap(\.text).filter { $0.hasPrefix(typed) }.map { Word(text: $0, description: "") })
        }
        guard case .object(let kinds)? = argument["completionKind"] else { return .words([]) }
        if kinds["file"] != nil || kinds["directory"] != nil { return .files }
        return .custom(commands: commands, argument: name)
    }
}

extension JSONValue {
    fileprivate func members(_ name: String) -> [JSONValue] {
        guard case .array(let members)? = self[name] else { return [] }
        return members
    }

    fileprivate var isShown: Bool { self["shouldDisplay"] != false }

    /// The first sentence of what it does.
    fileprivate var abstract: String {
        let text = self["abstract"]?.text ?? ""
        return text.firstRange(of: ". ").map { String(text[..<$0.lowerBound]) } ?? text
    }

    /// Its names with their dashes.
    fileprivate var names: [String] {
        self.members("names").compactMap { name in
            name["name"]?.text.map { (name["kind"]?.text == "long" ? "--" : "-") + $0 }
        }
    }

    fileprivate var longest: String { self.names.max { $0.count < $1.count } ?? "" }
}
