import PluginConsole
import Testing

@Suite struct PrintableTextTests {
    @Test("what people write stays as it is")
    func plain() {
        for text in ["web", "ünïcödé 日本 👍", "two\nlines\tand a tab", "\"\\u001b\" in JSON"] {
            #expect(text.printable == text)
        }
    }

    @Test(
        "what would move a cursor or turn text round is escaped as JSON does it",
        arguments: [
            ("\u{1B}[2J", "\\u001b[2J"), ("\u{1B}]0;title\u{07}", "\\u001b]0;title\\u0007"), ("a\rb", "a\\u000db"),
            ("\u{9B}31m", "\\u009b31m"), ("\u{202E}gpj.exe", "\\u202egpj.exe"),
            ("\u{2066}x\u{2069}", "\\u2066x\\u2069"),
            ("a\u{200B}b\u{FEFF}", "a\\u200bb\\ufeff"), ("\u{7F}", "\\u007f"), ("\u{0}", "\\u0000"),
        ])
    func treacherous(text: String, shown: String) { #expect(text.printable == shown) }
}
