import FoundationEssentials
import Kubernetes
import Tunnel

/// A request as a HAR file has it, and what is sent of it again.
struct RecordedRequest: Sendable {
    let method: String
    /// As it stands in the request's first line; empty where there is none.
    let target: String
    let host: String
    let fields: [ObservedField]
    let body: [UInt8]
    /// The status that it had; `nil` where it was not answered.
    let status: Int?
    /// Where it went; `nil` where the file does not say.
    let local: LocalTarget?
    /// Whether fields of it were left out of the recording.
    let isRedacted: Bool
    private let isCut: Bool

    /// What belongs to the connection on which it came, or to its framing.
    private static let unsent: Set<String> = [
        "connection", "content-length", "expect", "http2-settings", "keep-alive", "proxy-connection", "te", "trailer",
        "transfer-encoding",
    ]

    /// Reads an entry.
    init(_ entry: JSONValue) {
        let request: JSONValue = entry["request"] ?? [:]
        let url = Self.parts(of: request["url"]?.text ?? "")
        let headers = request["headers"]?.elements ?? []
        let data: JSONValue = request["postData"] ?? [:]
        self.method = request["method"]?.text ?? ""
        self.target = request[HAREntry.target]?.text ?? url.target
        self.fields = headers.filter { $0[HAREntry.redacted] != true }.map {
            ObservedField(name: $0["name"]?.text ?? "", value: $0["value"]?.text ?? "")
        }
        self.host = self.fields.first { $0.name.lowercased() == "host" }?.value ?? url.host
        let text = data["text"]?.text ?? ""
        if data["_encoding"] == "base64" || data["encoding"] == "base64" {
            self.body = Data(base64Encoded: text).map { Array($0) } ?? []
        } else {
            self.body = Array(text.utf8)
        }
        if case .integer(let status)? = entry["response"]?["status"], status > 0 {
            self.status = Int(exactly: status)
        } else {
            self.status = nil
        }
        self.local = entry[HAREntry.target]?.text.flatMap(LocalTarget.init)
        self.isRedacted = headers.contains { $0[HAREntry.redacted] == true }
        self.isCut = data[HAREntry.truncated] == true
    }

    /// Why it cannot be sent again; `nil` when it can.
    var obstacle: String? {
        if self.isCut { return "not all of its content is recorded" }
        if self.method == "CONNECT" { return "it asks for a tunnel" }
        let type = self.fields.first { $0.name.lowercased() == "content-type" }?.value
        if type?.lowercased().hasPrefix("application/grpc") == true { return "gRPC takes HTTP/2" }
        let words = [self.method, self.target, self.host] + self.sentFields.map(\.name)
        let isWord = words.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F } }
        let isLine = self.sentFields.allSatisfy {
            !$0.name.contains(":") && $0.value.utf8.allSatisfy { $0 >= 0x20 || $0 == 9 }
        }
        return isWord && isLine ? nil : "it is no request of HTTP"
    }

    /// The request as it is sent: on a connection of its own.
    var bytes: [UInt8] {
        var lines = ["\(self.method) \(self.target) HTTP/1.1", "Host: \(self.host)"]
        lines += self.sentFields.map { "\($0.name): \($0.value)" }
        lines.append("Connection: \(self.status == 101 ? "Upgrade" : "close")")
        if !self.body.isEmpty || self.hasBody { lines.append("Content-Length: \(self.body.count)") }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + self.body
    }

    private var sentFields: [ObservedField] {
        self.fields.filter { field in
            let name = field.name.lowercased()
            return !name.hasPrefix(":") && name != "host" && !Self.unsent.contains(name)
                && (name != "upgrade" || self.status == 101)
        }
    }

    /// Whether it had a body, if one without bytes.
    private var hasBody: Bool {
        self.fields.contains { ["content-length", "transfer-encoding"].contains($0.name.lowercased()) }
    }

    /// Host and target of a URL, without its fragment.
    private static func parts(of url: String) -> (host: String, target: String) {
        guard let scheme = url.firstRange(of: "://") else { return ("", "") }
        let rest = url[scheme.upperBound...].prefix { $0 != "#" }
        let host = rest.prefix { $0 != "/" && $0 != "?" }
        let target = rest.dropFirst(host.count)
        return (String(host), target.hasPrefix("/") ? String(target) : "/" + target)
    }
}

extension LocalTarget {
    /// `8080`, `127.0.0.1:8080`, `localhost:8080`, `[::1]:8080`; `nil` for another text.
    init?(_ text: String) {
        let colon = text.lastIndex(of: ":")
        let host = colon.map { String(text[..<$0]) } ?? "127.0.0.1"
        let digits = colon.map { text[text.index(after: $0)...] } ?? text[...]
        guard let port = Int(digits), (1...65_535).contains(port), !host.isEmpty else { return nil }
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        guard isBracketed || !host.contains(":") else { return nil }
        self.init(host: isBracketed ? String(host.dropFirst().dropLast()) : host, port: port)
    }
}

extension JSONValue {
    /// The elements of an array, or none.
    fileprivate var elements: [JSONValue] {
        guard case .array(let elements) = self else { return [] }
        return elements
    }
}
