/// The head of a request to an HTTP proxy: CONNECT, or a plain request with a whole URL (RFC 9110 §9.3.6, RFC 9112 §3.2.2).
public struct ProxyRequest: Equatable, Sendable {
    /// The longest head, in bytes: 16 KiB, twice what most servers take.
    public static let maximumByteCount = 16_384

    /// What reading found.
    public enum Reading: Equatable, Sendable {
        /// More bytes are needed.
        case incomplete
        /// Nothing that a proxy understands.
        case malformed
        /// A request, and how many bytes its head took.
        case request(ProxyRequest, byteCount: Int)
    }

    /// Whom to connect to.
    public var host: String
    /// 1 to 65535.
    public var port: Int
    /// What to send there first: the request as its server expects it; `nil` for CONNECT.
    public var forwarded: [UInt8]?

    /// Reads a head from the start of the bytes. What is sent on of it is sent as it came, whatever its encoding.
    public static func read(_ bytes: [UInt8]) -> Reading {
        guard let length = Self.headLength(bytes) else {
            return bytes.count < Self.maximumByteCount ? .incomplete : .malformed
        }
        let lines = Self.lines(bytes[..<length])
        let words = (lines.first ?? []).split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard words.count == 3, words[2].starts(with: "HTTP/1.".utf8) else { return .malformed }
        let request =
            words[0].elementsEqual("CONNECT".utf8)
            ? Self.authority(words[1], defaultPort: nil).map { ProxyRequest(host: $0.host, port: $0.port) }
            : Self.plain(method: words[0], url: words[1], version: words[2], fields: lines.dropFirst())
        return request.map { .request($0, byteCount: length + Self.headEnd.count) } ?? .malformed
    }

    private static let headEnd = Array("\r\n\r\n".utf8)

    private static func headLength(_ bytes: [UInt8]) -> Int? {
        bytes.prefix(Self.maximumByteCount).indices.first { bytes[$0...].starts(with: Self.headEnd) }
    }

    /// The lines between CRLFs.
    private static func lines(_ head: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var start = head.startIndex
        for index in head.indices.dropFirst()
        where head[index] == UInt8(ascii: "\n") && head[index - 1] == UInt8(ascii: "\r") {
            lines.append(head[start..<(index - 1)])
            start = index + 1
        }
        return lines + [head[start...]]
    }

    /// Fields that concern the connection to the proxy alone. One request a connection: the next may be for another server.
    private static let dropped: Set = ["connection", "proxy-connection", "proxy-authorization", "keep-alive"]

    private static func plain(
        method: ArraySlice<UInt8>, url: ArraySlice<UInt8>, version: ArraySlice<UInt8>,
        fields: ArraySlice<ArraySlice<UInt8>>
    ) -> ProxyRequest? {
        let scheme = "http://"
        guard Self.text(url.prefix(scheme.utf8.count)).lowercased() == scheme else { return nil }
        let rest = url.dropFirst(scheme.utf8.count)
        let target = rest.firstIndex { "/?#".utf8.contains($0) } ?? rest.endIndex
        guard let (host, port) = Self.authority(rest[..<target], defaultPort: 80) else { return nil }
        var head = method + " ".utf8
        if rest[target...].first != UInt8(ascii: "/") { head.append(UInt8(ascii: "/")) }
        head += rest[target...] + " ".utf8 + version + "\r\n".utf8
        for field in fields
        where !Self.dropped.contains(Self.text(field.prefix { $0 != UInt8(ascii: ":") }).lowercased()) {
            head += field + "\r\n".utf8
        }
        head += "Connection: close\r\n\r\n".utf8
        return ProxyRequest(host: host, port: port, forwarded: Array(head))
    }

    private static func authority(_ bytes: ArraySlice<UInt8>, defaultPort: Int?) -> (host: String, port: Int)? {
        // What stands before an @ is a user's name and password.
        let text = Self.text(bytes.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false).last ?? bytes)
        var host = text[...]
        var port = defaultPort
        if let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") {
            host = text[..<colon]
            port = Int(text[text.index(after: colon)...])
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard let port, (1...65_535).contains(port), !host.isEmpty else { return nil }
        return (String(host), port)
    }

    private static func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }
}

extension ProxyRequest {
    init(host: String, port: Int) {
        self.init(host: host, port: port, forwarded: nil)
    }
}
