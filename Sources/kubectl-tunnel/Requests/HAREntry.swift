import FoundationEssentials
import Kubernetes
import Requests
import Tunnel

/// A request and its answer as an entry of a HAR file (HAR 1.2). Members that begin with an underscore are this plugin's own.
struct HAREntry {
    /// Fields whose values are left out of a recording, in lower case.
    static let secrets: Set<String> = ["authorization", "cookie", "set-cookie", "proxy-authorization"]
    /// The member that marks such a field.
    static let redacted = "_redacted"
    /// The member that marks content which is not all there is.
    static let truncated = "_truncated"
    /// The member with the address and port of the local process; and of a request, with a target that is no path.
    static let target = "_target"

    let request: ObservedRequest
    let connection: ObservedConnection
    /// When the request began.
    let date: Date
    let keepsSecrets: Bool

    /// The entry.
    var json: JSONValue {
        let answered = self.request.answered ?? self.request.duration
        let sent = min(self.request.sent ?? answered, answered)
        var members: [String: JSONValue] = [
            "startedDateTime": .string(MicroTime.text(for: self.date)),
            "time": Self.milliseconds(self.request.duration),
            "request": self.requestJSON,
            "response": self.responseJSON,
            "cache": [:],
            "timings": [
                "send": Self.milliseconds(sent), "wait": Self.milliseconds(answered - sent),
                "receive": Self.milliseconds(self.request.duration - answered),
            ],
            "_caller": .string(self.connection.caller),
            "_route": .string(self.connection.route),
            Self.target: .string(self.connection.target.text),
        ]
        if self.request.end != .whole { members["_error"] = .string(self.request.end.rawValue) }
        if let status = self.request.grpcStatus { members["_grpcStatus"] = .integer(Int64(status)) }
        return .object(members)
    }

    private var requestJSON: JSONValue {
        let message = self.request.request
        let host = message?.value(of: "host") ?? message?.value(of: ":authority") ?? self.connection.route
        let isPath = self.request.target.hasPrefix("/")
        let isURL = self.request.target.contains("://")
        var members: [String: JSONValue] = [
            "method": .string(self.request.method),
            "url": .string(isURL ? self.request.target : "http://\(host)\(isPath ? "" : "/")\(self.request.target)"),
            "httpVersion": .string(self.request.version),
            "cookies": .array(self.cookies(message, "cookie").flatMap(Self.cookies(sent:))),
            "headers": self.headers(message),
            "queryString": .array(
                QueryParameters.all(in: self.request.target).map {
                    ["name": .string($0.name), "value": .string($0.value)]
                }),
            "headersSize": Self.size(message?.headByteCount),
            "bodySize": .integer(self.request.requestByteCount),
        ]
        if !isPath { members[Self.target] = .string(self.request.target) }
        if let message, self.request.requestByteCount > 0 || !message.isWhole {
            var data: [String: JSONValue] = ["mimeType": .string(message.value(of: "content-type") ?? "")]
            Self.put(message, into: &data, encoding: "_encoding")
            members["postData"] = .object(data)
        }
        return .object(members)
    }

    private var responseJSON: JSONValue {
        let message = self.request.answer
        var content: [String: JSONValue] = [
            "size": .integer(self.request.answerByteCount),
            "mimeType": .string(message?.value(of: "content-type") ?? "x-unknown"),
        ]
        if let message { Self.put(message, into: &content, encoding: "encoding") }
        return [
            "status": .integer(Int64(self.request.status ?? 0)),
            "statusText": .string(message?.reason ?? ""),
            "httpVersion": .string(self.request.version),
            "cookies": .array(self.cookies(message, "set-cookie").map(Self.cookie(set:))),
            "headers": self.headers(message),
            "content": .object(content),
            "redirectURL": .string(message?.value(of: "location") ?? ""),
            "headersSize": Self.size(message?.headByteCount),
            "bodySize": .integer(self.request.answerByteCount),
        ]
    }

    private func headers(_ message: ObservedMessage?) -> JSONValue {
        .array(
            (message?.fields ?? []).map { field in
                let isSecret = !self.keepsSecrets && Self.secrets.contains(field.name.lowercased())
                guard isSecret else { return ["name": .string(field.name), "value": .string(field.value)] }
                return ["name": .string(field.name), "value": "", Self.redacted: true]
            })
    }

    /// The values of a field with cookies; none where they are secrets.
    private func cookies(_ message: ObservedMessage?, _ name: String) -> [String] {
        guard self.keepsSecrets else { return [] }
        return (message?.fields ?? []).filter { $0.name.lowercased() == name }.map(\.value)
    }

    /// `a=b; c=d`.
    private static func cookies(sent text: String) -> [JSONValue] {
        text.split(separator: ";").map { JSONValue.object(Self.pair($0)) }
    }

    /// `a=b; Path=/; HttpOnly`.
    private static func cookie(set text: String) -> JSONValue {
        let parts = text.split(separator: ";")
        var cookie = Self.pair(parts.first ?? "")
        for part in parts.dropFirst() {
            guard case .string(let name)? = Self.pair(part)["name"], let value = Self.pair(part)["value"] else {
                continue
            }
            switch name.lowercased() {
            case "path": cookie["path"] = value
            case "domain": cookie["domain"] = value
            case "httponly": cookie["httpOnly"] = true
            case "secure": cookie["secure"] = true
            default: break
            }
        }
        return .object(cookie)
    }

    private static func pair(_ text: Substring) -> [String: JSONValue] {
        let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { side in
            String(side.drop { $0 == " " })
        }
        return ["name": .string(sides.first ?? ""), "value": .string(sides.count > 1 ? sides[1] : "")]
    }

    /// Content as text, or in base64 where it is none.
    private static func put(_ message: ObservedMessage, into members: inout [String: JSONValue], encoding: String) {
        if let text = String(validating: message.content, as: UTF8.self), !text.contains("\0") {
            members["text"] = .string(text)
        } else {
            members["text"] = .string(Data(message.content).base64EncodedString())
            members[encoding] = "base64"
        }
        guard !message.isWhole else { return }
        members["comment"] = .string("the first \(message.content.count) bytes")
        members[Self.truncated] = true
    }

    private static func size(_ count: Int?) -> JSONValue { .integer(Int64(count ?? -1)) }

    /// In the thousandths that a stopwatch on a laptop is good for.
    private static func milliseconds(_ duration: Duration) -> JSONValue {
        .number((max(.zero, duration) / .microseconds(1)).rounded() / 1000)
    }
}

extension LocalTarget {
    /// `127.0.0.1:8080`, `[::1]:8080`.
    var text: String { self.host.contains(":") ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)" }
}
