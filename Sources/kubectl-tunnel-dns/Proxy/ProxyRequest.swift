/// The head of a request to an HTTP proxy: CONNECT, or a plain request with a whole URL (RFC 9110 §9.3.6, RFC 9112 §3.2.2).
struct ProxyRequest: Equatable, Sendable {
    /// The longest head, in bytes: 16 KiB, twice what most servers take.
    static let maximumByteCount = 16_384

    /// What reading found.
    enum Reading: Equatable, Sendable {
        /// More bytes are needed.
        case incomplete
        /// Nothing that a proxy understands.
        case malformed
        /// A request, and how many bytes its head took.
        case request(ProxyRequest, byteCount: Int)
    }

    /// Whom to connect to.
    var host: String
    /// 1 to 65535.
    var port: Int
    /// What to send there first: the request as its server expects it; `nil` for CONNECT.
    var forwarded: [UInt8]?

    /// Reads a head from the start of the bytes.
    static func read(_ bytes: [UInt8]) -> Reading {
        let end = Array("\r\n\r\n".utf8)
        guard let length = bytes.indices.first(where: { bytes[$0...].starts(with: end) }) else {
            return bytes.count < Self.maximumByteCount ? .incomplete : .malformed
        }
        let lines = String(decoding: bytes[..<length], as: UTF8.self).split(
            separator: "\r\n", omittingEmptySubsequences: false)
        let words = (lines.first ?? "").split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[2].hasPrefix("HTTP/1.") else { return .malformed }
        let request =
            words[0] == "CONNECT"
            ? Self.authority(words[1], defaultPort: nil).map { ProxyRequest(host: $0.host, port: $0.port) }
            : Self.plain(method: words[0], url: words[1], version: words[2], fields: lines.dropFirst())
        return request.map { .request($0, byteCount: length + end.count) } ?? .malformed
    }

    private static func plain(
        method: Substring, url: Substring, version: Substring, fields: ArraySlice<Substring>
    ) -> ProxyRequest? {
        let scheme = "http://"
        guard url.lowercased().hasPrefix(scheme) else { return nil }
        let rest = url.dropFirst(scheme.count)
        let target = rest.firstIndex(where: { "/?#".contains($0) }) ?? rest.endIndex
        guard let (host, port) = Self.authority(rest[..<target], defaultPort: 80) else { return nil }
        let path = rest[target...].hasPrefix("/") ? String(rest[target...]) : "/" + rest[target...]
        // One request a connection: the next may be for another server.
        let dropped = ["connection", "proxy-connection", "proxy-authorization", "keep-alive"]
        let kept = fields.filter { field in
            !dropped.contains(field.prefix { $0 != ":" }.lowercased())
        }
        let head = (["\(method) \(path) \(version)"] + kept + ["Connection: close", "", ""]).joined(separator: "\r\n")
        return ProxyRequest(host: host, port: port, forwarded: Array(head.utf8))
    }

    private static func authority(_ text: Substring, defaultPort: Int?) -> (host: String, port: Int)? {
        // What stands before an @ is a user's name and password.
        let text = text.split(separator: "@", omittingEmptySubsequences: false).last ?? text
        var host = text
        var port = defaultPort
        if let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") {
            host = text[..<colon]
            port = Int(text[text.index(after: colon)...])
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard let port, (1...65_535).contains(port), !host.isEmpty else { return nil }
        return (String(host), port)
    }
}

extension ProxyRequest {
    init(host: String, port: Int) {
        self.init(host: host, port: port, forwarded: nil)
    }
}
