import Foundation
import Kubernetes
import PluginConsole
import Testing

@testable import Tunnel
@testable import kubectl_tunnel

/// Requests in a HAR file.
@Suite struct RecordingTests {
    private static let connection = ObservedConnection(
        route: "web:80", caller: "10.1.2.3:4", target: LocalTarget(host: "127.0.0.1", port: 8080))

    private static func entry(
        _ text: String, answer: String? = nil, keepsSecrets: Bool = false, end: ObservedRequest.End = .closed
    ) throws -> JSONValue {
        let request = try RequestRowTests.request(text, answer: answer, end: end)
        return HAREntry(
            request: request, connection: Self.connection, date: Date(timeIntervalSince1970: 0),
            keepsSecrets: keepsSecrets
        ).json
    }

    private static func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("recording-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    private static let secrets = """
        GET /a?x=1&y=a%20b+c HTTP/1.1\r\nHost: web\r\nAuthorization: Bearer planted-1\r\nCookie: id=planted-2; b=c\r\n\
        proxy-AUTHORIZATION: planted-3\r\nX-A: 1\r\n\r\n
        """
    private static let answer = """
        HTTP/1.1 302 Found\r\nSet-Cookie: id=planted-4; Path=/; HttpOnly\r\nLocation: /b\r\nContent-Type: text/plain\r\n\
        Content-Length: 2\r\n\r\nok
        """

    @Test("an entry has what HAR 1.2 requires")
    func required() throws {
        let entry = try Self.entry(Self.secrets, answer: Self.answer, keepsSecrets: true)
        for name in ["startedDateTime", "time", "request", "response", "cache", "timings"] {
            #expect(entry[name] != nil, "\(name)")
        }
        for name in ["method", "url", "httpVersion", "cookies", "headers", "queryString", "headersSize", "bodySize"] {
            #expect(entry["request"]?[name] != nil, "\(name)")
        }
        for name in [
            "status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL", "headersSize",
            "bodySize",
        ] { #expect(entry["response"]?[name] != nil, "\(name)") }
        for name in ["send", "wait", "receive"] { #expect(entry["timings"]?[name] != nil, "\(name)") }
        #expect(entry["startedDateTime"]?.text == "1970-01-01T00:00:00.000000Z")
        #expect(entry["request"]?["url"]?.text == "http://web/a?x=1&y=a%20b+c")
        #expect(
            entry["request"]?["queryString"] == [["name": "x", "value": "1"], ["name": "y", "value": "a b c"]])
        #expect(entry["request"]?["cookies"] == [["name": "id", "value": "planted-2"], ["name": "b", "value": "c"]])
        #expect(
            entry["response"]?["cookies"] == [["name": "id", "value": "planted-4", "path": "/", "httpOnly": true]])
        #expect(entry["response"]?["status"] == 302 && entry["response"]?["redirectURL"] == "/b")
        #expect(
            entry["response"]?["content"]?["text"] == "ok" && entry["response"]?["content"]?["mimeType"] == "text/plain"
        )
    }

    @Test("credentials and cookies are left out, and their fields named; with --record-secrets they are there")
    func redaction() throws {
        let text = try Self.entry(Self.secrets, answer: Self.answer).canonicalText
        #expect(!text.contains("planted"))
        #expect(text.contains("Authorization") && text.contains("Set-Cookie") && text.contains(#""value":"1""#))
        let kept = try Self.entry(Self.secrets, answer: Self.answer, keepsSecrets: true).canonicalText
        for number in 1...4 { #expect(kept.contains("planted-\(number)")) }
    }

    @Test("what is no text is base64, and what is cut off says so")
    func bodies() throws {
        let post = try Self.entry("POST /p HTTP/1.1\r\nHost: web\r\nContent-Length: 2\r\n\r\n\0a", answer: Self.answer)
        #expect(
            post["request"]?["postData"]?["text"] == "AGE=" && post["request"]?["postData"]?["_encoding"] == "base64")
        let cut = try Self.entry("POST /p HTTP/1.1\r\nHost: web\r\nContent-Length: 9\r\n\r\nab", end: .reset)
        #expect(cut["request"]?["postData"]?["_truncated"] == true && cut["request"]?["postData"]?["text"] == "ab")
        #expect(cut["response"]?["status"] == 0 && cut["_error"] == "reset")
    }

    @Test("the file is whole behind each entry, and its owner's alone")
    func file() throws {
        try Self.withFolder { folder in
            let path = "\(folder)/a.har"
            try "earlier".write(toFile: path, atomically: true, encoding: .utf8)
            let recording = Recording(path: path, keepsSecrets: false)
            try recording.check()
            let file = try HARFile(recording, creator: "test", version: "1")
            for count in 0...3 {
                let log = try #require(JSONValue(text: try String(contentsOfFile: path, encoding: .utf8))?["log"])
                #expect(log["version"] == "1.2" && log["creator"]?["name"] == "test")
                guard case .array(let entries)? = log["entries"] else {
                    Issue.record("no entries")
                    return
                }
                #expect(entries.count == count && file.count == count)
                try file.append(try Self.entry(Self.secrets, answer: Self.answer).canonicalText)
            }
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.har"])
        }
    }

    @Test("what cannot be written is refused")
    func refusals() throws {
        try Self.withFolder { folder in
            for path in [folder, "\(folder)/none/a.har", "/dev/null", "\(folder)/a.har/b"] {
                if path.hasSuffix("/b") { try "".write(toFile: "\(folder)/a.har", atomically: true, encoding: .utf8) }
                let failure = #expect(throws: PluginFailure.self, "\(path)") {
                    try Recording(path: path, keepsSecrets: false).check()
                }
                #expect(failure?.summary.contains(path) == true && failure?.hint != nil)
            }
        }
    }
}
