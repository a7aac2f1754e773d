import PluginConsole
import Tunnel

/// A request as one line: when, what came of it, what it was, how long it took, how many bytes it had, and who asked.
struct RequestRow: Sendable, Equatable {
    let request: ObservedRequest
    /// The time of the day at which it began: `18:04:05`.
    let time: String
    /// Who asked, or another remark.
    let remark: String
    /// Whether the remark is worth a look.
    var isRemarkable = false

    /// Where there is no terminal, targets shorter than this are filled up, so that most lines are aligned.
    private static let usualTarget = 32
    /// A target is not cut below this.
    private static let leastTarget = 12
    /// From so many columns on there is room for the request's bytes.
    private static let wide = 100
    /// The longest IPv4 address.
    private static let remarkWidth = 15

    /// What stands where others have a status.
    var status: String {
        guard self.request.end == .whole, let status = self.request.status else { return self.request.end.rawValue }
        return self.request.grpcStatus.map { "\(status)/\($0)" } ?? "\(status)"
    }

    private var style: StyledText.Style {
        guard self.request.end == .whole, self.request.grpcStatus ?? 0 == 0 else { return .bad }
        return switch self.request.status ?? 0 {
        case 200..<300: .good
        case 100..<400: .neutral
        case 400..<500: .doubtful
        default: .bad
        }
    }

    /// The line.
    ///
    /// - Parameter columns: How wide it may be; `nil` for as wide as it is.
    func line(columns: Int?) -> StyledText {
        var sizes = Self.padded(Self.size(self.request.answerByteCount), 7, isRight: true)
        if columns ?? .max >= Self.wide {
            sizes = Self.padded(Self.size(self.request.requestByteCount), 7, isRight: true) + " " + sizes
        }
        let method = Self.padded(self.request.method, 7)
        let duration = Self.padded(Self.text(self.request.duration), 7, isRight: true)
        let status = Self.padded(self.status, 6)
        let fixed = self.time.count + 1 + status.count + 1 + method.count + 1 + 1 + duration.count + 1 + sizes.count
        let width = columns.map { max(Self.leastTarget, $0 - fixed - 2 - Self.remarkWidth) } ?? Self.usualTarget
        var line = StyledText()
        line.append(self.time + " ", .faint)
        line.append(status, self.style)
        line.append(
            " \(method) \(Self.padded(self.cut(to: columns == nil ? .max : width), width)) \(duration) \(sizes)")
        if !self.remark.isEmpty { line.append("  " + self.remark, self.isRemarkable ? .doubtful : .faint) }
        return line
    }

    private func cut(to width: Int) -> String {
        let target = self.request.target
        return target.count <= width ? target : target.prefix(width - 1) + "…"
    }

    private static func padded(_ text: String, _ width: Int, isRight: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, width - text.count))
        return isRight ? space + text : text + space
    }

    /// `0.4 ms`, `12 ms`, `1.24 s`, `3m20s`.
    static func text(_ duration: Duration) -> String {
        let milliseconds = max(0, duration / .milliseconds(1))
        if milliseconds < 9.95 { return "\(Self.decimal(milliseconds, 10)) ms" }
        if milliseconds < 999.5 { return "\(Int(milliseconds.rounded())) ms" }
        let seconds = milliseconds / 1000
        return seconds < 100 ? "\(Self.decimal(seconds, 100)) s" : Age.text(seconds: Int(seconds))
    }

    /// `0 B`, `1.2 kB`, `34 MB`.
    static func size(_ count: Int64) -> String {
        var (value, units) = (Double(count), ["B", "kB", "MB", "GB", "TB"][...])
        while value >= 999.5, units.count > 1 {
            value /= 1000
            units = units.dropFirst()
        }
        let isShort = value < 9.95 && units.first != "B"
        return "\(isShort ? Self.decimal(value, 10) : "\(Int(value.rounded()))") \(units.first ?? "")"
    }

    /// Rounded to tenths or hundredths, with all digits.
    private static func decimal(_ value: Double, _ parts: Int) -> String {
        let rounded = Int((value * Double(parts)).rounded())
        let rest = String(rounded % parts)
        return "\(rounded / parts).\(String(repeating: "0", count: (parts == 10 ? 1 : 2) - rest.count))\(rest)"
    }
}

extension ObservedConnection {
    /// The caller's address without its port, as IPv4 where it is that.
    var callerAddress: String {
        let address = self.caller.lastIndex(of: ":").map { self.caller[..<$0] } ?? self.caller[...]
        return String(address.hasPrefix("::ffff:") ? address.dropFirst(7) : address)
    }
}
