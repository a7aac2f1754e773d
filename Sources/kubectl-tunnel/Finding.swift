import Kubernetes
import PluginConsole
import PluginSession
import Session

/// One line of `doctor`, and what `intercept` goes by.
struct Finding: Sendable, Equatable {
    /// How bad it is.
    enum Level: String, Sendable {
        case ok
        /// To be known; nothing has to be done about it.
        case note
        case warning
        /// An intercept is refused.
        case error
    }

    /// The flag of `intercept` that goes on all the same.
    enum Override: Sendable {
        case force, noFailsafe, yes
    }

    /// What was looked at, in a word or two.
    var check: String
    var level: Level
    /// What was found; the cluster's own words where it has some.
    var text: String
    /// What to do about it.
    var remedy: String?
    /// What an intercept with this flag does not mind; `nil` for what it always minds.
    var yieldsTo: Override?
    /// The exit code of an intercept that is refused.
    var exitCode: Int32 = 1

    static func ok(_ check: String, _ text: String) -> Finding { Finding(check: check, level: .ok, text: text) }

    static func note(_ check: String, _ text: String) -> Finding { Finding(check: check, level: .note, text: text) }

    static func warning(_ check: String, _ text: String, _ remedy: String?) -> Finding {
        Finding(check: check, level: .warning, text: text, remedy: remedy)
    }

    /// What the user is asked about.
    static func doubt(_ check: String, _ text: String) -> Finding {
        Finding(
            check: check, level: .warning, text: text, remedy: "--yes goes on without asking", yieldsTo: .yes)
    }

    static func error(_ check: String, _ failure: PluginFailure) -> Finding {
        Finding(
            check: check, level: .error, text: failure.summary, remedy: failure.hint, exitCode: failure.exitCode)
    }

    static func error(_ check: String, _ refusal: Refusal) -> Finding {
        var finding = Finding.error(check, PluginFailure(refusal))
        if refusal.yieldsToForce { finding.yieldsTo = .force }
        return finding
    }

    /// For `-o json`.
    var value: JSONValue {
        var members: [String: JSONValue] = [
            "check": .string(self.check), "level": .string(self.level.rawValue), "text": .string(self.text),
        ]
        if let remedy { members["remedy"] = .string(remedy) }
        return .object(members)
    }
}

extension PluginFailure {
    /// An intercept that is refused for it.
    init(_ finding: Finding) {
        self.init(finding.text, hint: finding.remedy, exitCode: finding.exitCode)
    }
}
