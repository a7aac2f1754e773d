extension JSONValue {
    /// This value as a YAML document, keys sorted, for people to read and for `kubectl apply -f -`.
    public var yaml: String {
        var lines: [String] = []
        self.appendYAML(to: &lines, indent: "", first: "")
        return lines.joined(separator: "\n") + "\n"
    }

    private func appendYAML(to lines: inout [String], indent: String, first: String) {
        switch self {
        case .object(let members) where !members.isEmpty:
            var lead = first
            for (key, value) in members.sorted(by: { $0.key < $1.key }) {
                value.appendMember(named: key, to: &lines, indent: indent, lead: lead)
                lead = indent
            }
        case .array(let elements) where !elements.isEmpty:
            for element in elements {
                element.appendYAML(to: &lines, indent: indent + "  ", first: indent + "- ")
            }
        default:
            lines.append(first + self.yamlScalar)
        }
    }

    private func appendMember(named key: String, to lines: inout [String], indent: String, lead: String) {
        let name = JSONValue.string(key).yamlScalar
        switch self {
        case .object(let members) where !members.isEmpty:
            lines.append("\(lead)\(name):")
            self.appendYAML(to: &lines, indent: indent + "  ", first: indent + "  ")
        case .array(let elements) where !elements.isEmpty:
            lines.append("\(lead)\(name):")
            self.appendYAML(to: &lines, indent: indent, first: indent)
        default:
            lines.append("\(lead)\(name): \(self.yamlScalar)")
        }
    }

    /// A plain word stays bare; everything that YAML could read as something else is quoted as JSON, which YAML includes.
    private var yamlScalar: String {
        guard case .string(let text) = self else { return self.canonicalText }
        let isPlain =
            text.first?.isLetter == true
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./".contains($0)) }
        let isReserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
        return isPlain && !isReserved ? text : self.canonicalText
    }
}
