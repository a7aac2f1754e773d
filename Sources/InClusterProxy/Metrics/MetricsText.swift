/// Metrics in Prometheus' text format 0.0.4.
struct MetricsText: Sendable {
    /// What a family of metrics is.
    enum Kind: String, Sendable {
        case counter
        case gauge
    }

    /// The text so far.
    private(set) var text = ""

    /// Adds a family.
    ///
    /// - Parameters:
    ///   - name: Without the prefix `kubectl_tunnel_`; a counter's ends in `_total`, and a unit stands in it.
    ///   - values: By label value, sorted; for one without a label, by the empty text.
    mutating func add(
        _ name: String, _ kind: Kind, _ help: String, label: String? = nil, _ values: [(label: String, value: Double)]
    ) {
        let name = "kubectl_tunnel_\(name)"
        self.text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
        for (value, number) in values {
            let labels = label.map { "{\($0)=\"\(Self.escaped(value))\"}" } ?? ""
            self.text += "\(name)\(labels) \(Self.number(number))\n"
        }
    }

    /// Adds a family of one metric.
    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        self.add(name, kind, help, [("", value)])
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.append(character)
            }
        }
    }
}
