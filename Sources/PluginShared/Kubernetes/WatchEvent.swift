/// One line of a watch.
public enum WatchEvent<Object: Codable & Sendable>: Sendable {
    /// The object exists: at the beginning of a watch, or newly created.
    case added(Object)
    /// It changed.
    case modified(Object)
    /// It is gone; its last state.
    case deleted(Object)
    /// A sign of life without an object, or a type of event that this version does not know.
    case other

    /// Reads a line.
    ///
    /// - Throws: ``APIError`` for an `ERROR` event (code `gone` when the watch has to start again), and code `malformed`
    ///   for a line that is no event.
    init(line: [UInt8]) throws(APIError) {
        switch try JSONCoding.decode(Kind.self, from: line).type {
        case "ADDED": self = .added(try JSONCoding.decode(Body.self, from: line).object)
        case "MODIFIED": self = .modified(try JSONCoding.decode(Body.self, from: line).object)
        case "DELETED": self = .deleted(try JSONCoding.decode(Body.self, from: line).object)
        case "ERROR":
            let status = try JSONCoding.decode(Failure.self, from: line).object
            throw APIError(status.code == 410 ? .gone : .status(status.code ?? 500), status.message ?? "watch failed")
        default: self = .other
        }
    }

    private struct Kind: Decodable { var type: String }
    private struct Body: Decodable { var object: Object }
    private struct Failure: Decodable { var object: APIStatus }
}
