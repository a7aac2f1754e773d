import PluginConsole
import Testing

@Suite struct CommandWordsTests {
    private static let commands = ["intercept", "list", "stop"]

    @Test(
        "flags in front of the command are put behind it",
        arguments: [
            (["-n", "shop", "list"], ["list", "-n", "shop"]),
            (["--namespace=list", "stop", "web"], ["stop", "--namespace=list", "web"]),
            (["-n", "list", "list", "-A"], ["list", "-n", "list", "-A"]),
            (["list", "-n", "shop"], ["list", "-n", "shop"]), (["--help"], ["--help"]), ([], []),
            (["-n"], ["-n"]), (["-n", "shop"], ["-n", "shop"]), (["--", "list"], ["--", "list"]),
            (["-n", "shop", "frob"], ["-n", "shop", "frob"]),
        ])
    func ordered(words: [String], expected: [String]) {
        #expect(CommandWords.ordered(words, commands: Self.commands) == expected)
    }

    @Test(
        "a word that is no command is told, with the one that was meant",
        arguments: [
            ("intercpt", "did you mean intercept?"), ("lst", "did you mean list?"),
            ("dns", "did you mean `kubectl tunnel-dns`?"), ("frobnicate", "see `kubectl tunnel --help`"),
        ])
    func unknown(word: String, hint: String) {
        let failure = CommandWords.failure(
            of: [word], commands: Self.commands, program: "kubectl tunnel", elsewhere: ["dns": "kubectl tunnel-dns"])
        #expect(failure == PluginFailure("there is no command \(word)", hint: hint, exitCode: 64))
    }

    @Test("commands, flags, help and nothing are no mistakes", arguments: [["list"], ["help"], ["--version"], []])
    func known(words: [String]) {
        #expect(CommandWords.failure(of: words, commands: Self.commands, program: "x") == nil)
    }
}
