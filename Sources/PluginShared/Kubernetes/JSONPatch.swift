/// A JSON Patch (RFC 6902): its operations in order.
public struct JSONPatch: Sendable, Equatable, Encodable {
    /// One operation.
    public struct Operation: Sendable, Equatable, Encodable {
        /// What is done: `test`, `add`, `replace` or `remove`.
        public var op: String
        /// Where, as a JSON Pointer (RFC 6901).
        public var path: String
        /// The value for everything but `remove`.
        public var value: JSONValue?
    }

    /// The operations, carried out all or none.
    public private(set) var operations: [Operation] = []

    /// An empty patch.
    public init() {}

    /// Refuses the whole patch with 422 unless the value is there.
    public mutating func test(_ path: String, _ value: JSONValue) {
        self.operations.append(Operation(op: "test", path: path, value: value))
    }

    /// Sets a member, new or not.
    public mutating func add(_ path: String, _ value: JSONValue) {
        self.operations.append(Operation(op: "add", path: path, value: value))
    }

    /// Sets a member that exists.
    public mutating func replace(_ path: String, _ value: JSONValue) {
        self.operations.append(Operation(op: "replace", path: path, value: value))
    }

    /// Removes a member.
    public mutating func remove(_ path: String) {
        self.operations.append(Operation(op: "remove", path: path, value: nil))
    }

    /// Makes the patch fail with 409 when the object has changed since it was read (seen on 1.20 and 1.36).
    public mutating func guardVersion(_ metadata: ObjectMeta) {
        if let version = metadata.resourceVersion {
            self.replace("/metadata/resourceVersion", .string(version))
        }
    }

    /// Writes the bare array that the API server expects.
    public func encode(to encoder: any Encoder) throws {
        try self.operations.encode(to: encoder)
    }

    /// The pointer to an annotation: `~` and `/` escaped as RFC 6901 §3 asks.
    public static func annotation(_ name: String) -> String {
        var escaped = ""
        for character in name {
            switch character {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.append(character)
            }
        }
        return "/metadata/annotations/\(escaped)"
    }
}
