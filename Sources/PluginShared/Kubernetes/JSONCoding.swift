import FoundationEssentials

/// JSON to and from bytes, with errors of this module.
enum JSONCoding {
    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws(APIError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw APIError(.malformed, "the server's answer is no \(type)")
        }
    }

    static func encode(_ value: some Encodable) throws(APIError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(value))
        } catch {
            throw APIError(.malformed, "\(type(of: value)) cannot be written as JSON")
        }
    }

    /// The first line of a body that is no `Status`, at most 200 characters, as load balancers and proxies send them.
    static func firstLine(of body: [UInt8]) -> String? {
        let text = String(decoding: body.prefix(800), as: UTF8.self)
        guard let line = text.split(whereSeparator: \.isNewline).first, !line.isEmpty else { return nil }
        return String(line.prefix(200))
    }
}
