import Testing

@testable import PluginConsole

@Suite struct StyledTextTests {
    @Test("colours are around printable text only, and only where they are wanted")
    func colors() {
        var line = StyledText()
        line.append("200 ", .good)
        line.append("/a\u{1B}[2J\n\tb")
        #expect(line.text(isColored: false) == "200 /a\\u001b[2J\\n\\tb")
        #expect(line.text(isColored: true) == "\u{1B}[32m200 \u{1B}[0m/a\\u001b[2J\\n\\tb")
    }

    @Test("NO_COLOR and terminals without colours get none")
    func noColor() {
        #expect(Console.allowsColors { _ in nil })
        #expect(Console.allowsColors { $0 == "NO_COLOR" ? "" : "xterm" })
        #expect(!Console.allowsColors { $0 == "NO_COLOR" ? "1" : "xterm" })
        #expect(!Console.allowsColors { $0 == "TERM" ? "dumb" : nil })
    }
}
