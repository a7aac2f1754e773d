import Kubernetes

extension JSONValue {
    /// The value after a JSON Patch (RFC 6902: test, add, replace and remove of object members); `nil` where it fails.
    func patched(by operations: [JSONValue]) -> JSONValue? {
        var value = self
        for operation in operations {
            guard let path = operation["path"]?.text else { return nil }
            let words = path.split(separator: "/").map {
                String($0).replacing("~1", with: "/").replacing("~0", with: "~")
            }
            let present = words.reduce(Optional(value)) { $0?.member($1) }
            switch operation["op"]?.text {
            case "test": guard present == operation["value"] else { return nil }
            case "replace" where present == nil: return nil
            case "add", "replace": value = value.setting(words, operation["value"] ?? .null)
            case "remove" where present != nil: value = value.setting(words, nil)
            default: return nil
            }
        }
        return value
    }

    private func member(_ word: String) -> JSONValue? {
        guard case .array(let items) = self else { return self[word] }
        return Int(word).flatMap { items.indices.contains($0) ? items[$0] : nil }
    }

    /// The value with another one at a path; `nil` takes it away.
    func setting(_ words: [String], _ value: JSONValue?) -> JSONValue {
        guard let first = words.first else { return value ?? .null }
        let rest = Array(words.dropFirst())
        if case .array(var items) = self, let index = Int(first), items.indices.contains(index) {
            items[index] = items[index].setting(rest, value)
            return .array(items)
        }
        var members: [String: JSONValue] = if case .object(let present) = self { present } else { [:] }
        members[first] = rest.isEmpty ? value : (members[first] ?? .object([:])).setting(rest, value)
        return .object(members)
    }
}
