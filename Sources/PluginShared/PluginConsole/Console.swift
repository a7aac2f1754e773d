import Synchronization
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#endif

/// Where a plugin writes: results to standard output, everything else to standard error. Nothing from elsewhere reaches a
/// terminal as it is: see ``Swift/String/printable``.
public final class Console: Sendable {
    /// Whether standard error is a terminal, where a progress line can be rewritten.
    public let isTerminal: Bool
    /// Whether standard output is one.
    private let resultsAreShown: Bool
    /// Whether results may be coloured.
    private let isColored: Bool
    private let progressIsShown = Mutex(false)

    /// The console of this process.
    public init() {
        self.isTerminal = isatty(STDERR_FILENO) == 1
        self.resultsAreShown = isatty(STDOUT_FILENO) == 1
        self.isColored =
            self.resultsAreShown && Self.allowsColors { name in getenv(name).map { String(cString: $0) } }
    }

    /// Whether a terminal gets colours: not with `NO_COLOR` (no-color.org), and not one that has none.
    static func allowsColors(_ variable: (String) -> String?) -> Bool {
        (variable("NO_COLOR") ?? "").isEmpty && variable("TERM") != "dumb"
    }

    /// How many columns the terminal on standard output has just now; `nil` where there is none.
    public var columns: Int? {
        var size = winsize()
        guard self.resultsAreShown, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return nil
        }
        return Int(size.ws_col)
    }

    /// A result in colours, where standard output shows them.
    public func result(_ text: StyledText) {
        if self.resultsAreShown { self.clearProgress() }
        Self.write(text.text(isColored: self.isColored) + "\n", to: .standardOutput)
    }

    /// A result, on standard output.
    public func result(_ text: String) {
        Self.write(text.printable + "\n", to: .standardOutput)
    }

    /// A line for the user, on standard error.
    public func notice(_ text: String) {
        self.clearProgress()
        Self.write(text.printable + "\n", to: .standardError)
    }

    /// What is being done just now: a line that the next one replaces. Nothing where there is no terminal.
    public func progress(_ text: String) {
        guard self.isTerminal else { return }
        self.progressIsShown.withLock { $0 = true }
        Self.write("\r\u{1B}[K  \(text.printable) …", to: .standardError)
    }

    /// Takes the progress line away.
    public func clearProgress() {
        let isShown = self.progressIsShown.withLock { shown in
            defer { shown = false }
            return shown
        }
        if isShown { Self.write("\r\u{1B}[K", to: .standardError) }
    }

    /// Whether the user can answer a question.
    public var canAsk: Bool { self.isTerminal && isatty(STDIN_FILENO) == 1 }

    /// Asks; only `y` and `yes` mean yes.
    public func ask(_ question: String) -> Bool {
        self.clearProgress()
        Self.write("\(question.printable) [y/N] ", to: .standardError)
        return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
    }

    /// A failure: what, and what to do.
    public func failure(_ failure: PluginFailure) {
        self.notice("error: \(failure.summary)")
        if let hint = failure.hint { self.notice("hint: \(hint)") }
    }

    /// A closed pipe or a full disk is no reason to stop a session: what cannot be written is lost.
    private static func write(_ text: String, to descriptor: FileDescriptor) {
        _ = try? descriptor.writeAll(Array(text.utf8))
    }
}
