import PluginConsole
import Requests

/// A request that meets a rule, as a line to copy.
enum CurlCommand {
    /// The line; `nil` for a rule with a pattern, or with what is encoded: no value of theirs is known.
    static func line(_ rule: RequestRule, host: String, port: Int) -> String? {
        var words = ["curl"]
        var (path, queries) = ("/", [String]())
        for condition in rule.conditions {
            let value = String(condition.text.drop { $0 != ":" }.dropFirst())
            let parts = value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard !value.contains("%"), !(parts.first?.contains("~") ?? false) else { return nil }
            switch condition.kind {
            case .header: words += ["-H", parts.joined(separator: ": ")]
            case .cookie: words += ["-b", value]
            case .baggage: words += ["-H", "baggage: \(value)"]
            case .personal: words += ["-H", "\(RequestCondition.personalName): \(value)"]
            case .method: words += ["-X", value]
            case .path: path = value
            case .query: queries.append(value)
            }
        }
        let query = queries.isEmpty ? "" : "?" + queries.joined(separator: "&")
        words.append("http://\(host)\(port == 80 ? "" : ":\(port)")\(path)\(query)")
        return words.map(ShellWord.quoted).joined(separator: " ")
    }
}
