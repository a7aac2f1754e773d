import Kubernetes

/// One line of `doctor`.
struct Finding: Sendable, Equatable {
    /// How bad it is.
    enum Level: String, Sendable {
        case ok
        case warning
        case error
    }

    /// What was looked at, in a word or two.
    var check: String
    var level: Level
    /// What was found; the cluster's own words where it has some.
    var text: String
    /// What to do about it.
    var remedy: String?

    static func ok(_ check: String, _ text: String) -> Finding { Finding(check: check, level: .ok, text: text) }

    static func warning(_ check: String, _ text: String, _ remedy: String?) -> Finding {
        Finding(check: check, level: .warning, text: text, remedy: remedy)
    }

    static func error(_ check: String, _ text: String, _ remedy: String?) -> Finding {
        Finding(check: check, level: .error, text: text, remedy: remedy)
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
