import FoundationEssentials
import Testing

@testable import Kubernetes

@Suite struct MicroTimeTests {
    @Test(
        "exactly six digits, whatever the moment",
        arguments: [
            (0, "1970-01-01T00:00:00.000000Z"), (951_782_400.5, "2000-02-29T00:00:00.500000Z"),
            (1_709_210_096.123456, "2024-02-29T12:34:56.123456Z"), (-1, "1969-12-31T23:59:59.000000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000000Z"), (1e300, "9999-12-31T23:59:59.000000Z"),
            (-1e300, "0001-01-01T00:00:00.000000Z"), (.nan, "1970-01-01T00:00:00.000000Z"),
        ] as [(Double, String)])
    func text(seconds: Double, expected: String) {
        let text = MicroTime.text(for: Date(timeIntervalSince1970: seconds))
        // A double holds a moment of our days to a quarter of a microsecond.
        #expect(text.prefix(25) == expected.prefix(25))
        #expect(text.utf8.count == 27)
    }

    @Test("read back with and without a fraction")
    func read() {
        #expect(MicroTime.date(from: "1970-01-01T00:00:01Z")?.timeIntervalSince1970 == 1)
        #expect(MicroTime.date(from: "1970-01-01T00:00:01.500000Z")?.timeIntervalSince1970 == 1.5)
        #expect(MicroTime.date(from: "yesterday") == nil)
    }
}

@Suite struct JSONTests {
    @Test(
        "values keep their kind and get one text",
        arguments: [
            #"{"a":1,"b":[true,null,"x/y"],"c":{"d":1.5}}"#, "[]", "{}", "9007199254740993", #""é\n""#,
        ])
    func roundTrip(text: String) { #expect(JSONValue(text: text)?.canonicalText == text) }

    @Test("YAML quotes what could be read as something else")
    func yaml() {
        let value: JSONValue = [
            "a": "true", "b": ["x", ["y": "1"]], "c": [:], "d": "plain-word", "e": "with: colon", "f": 1,
        ]
        #expect(
            value.yaml == """
                a: "true"
                b:
                - x
                - "y": "1"
                c: {}
                d: plain-word
                e: "with: colon"
                f: 1

                """)
    }

    @Test("pointers escape tilde and slash")
    func pointer() { #expect(JSONPatch.annotation("a/b~c") == "/metadata/annotations/a~1b~0c") }
}

@Suite struct TransportTests {
    @Test("a query is encoded, byte by byte")
    func target() {
        let request = APIRequest(.get, "/api", query: [.init("labelSelector", "a=b,c/é"), .init("w", "1")])
        #expect(request.target == "/api?labelSelector=a%3Db%2Cc%2F%C3%A9&w=1")
    }

    @Test("lines at any split")
    func lines() {
        let text = Array("one\n\ntwo\r\nthree\nrest".utf8)
        for size in 1...text.count {
            var splitter = LineSplitter()
            var lines: [[UInt8]] = []
            for start in stride(from: 0, to: text.count, by: size) {
                lines += splitter.append(text[start..<min(start + size, text.count)])
            }
            #expect(lines.map { String(decoding: $0, as: UTF8.self) } == ["one", "two\r", "three"])
        }
    }

    @Test("refusals by status and reason, in the server's words")
    func refusals() {
        func code(_ status: Int, _ body: String) -> APIError.Code {
            APIError.refusal(status: status, body: Array(body.utf8)).code
        }
        #expect(code(409, #"{"reason":"AlreadyExists","message":"x"}"#) == .alreadyExists)
        #expect(code(409, #"{"reason":"Conflict","message":"x"}"#) == .conflict)
        #expect(code(422, "{}") == .invalid)
        #expect(code(500, "dial tcp: connection refused\n") == .unreachable)
        #expect(code(500, #"{"message":"etcd is ill"}"#) == .status(500))
        #expect(APIError.refusal(status: 403, body: Array(#"{"message":"no"}"#.utf8)).message == "no")
    }

    @Test(
        "a watch line",
        arguments: [
            (#"{"type":"ERROR","object":{"code":410,"message":"too old"}}"#, APIError.Code.gone),
            (#"{"type":"ADDED","object":{}}"#, .malformed), ("garbage", .malformed), ("", .malformed),
        ])
    func badEvents(line: String, code: APIError.Code) {
        #expect { try WatchEvent<Service>(line: Array(line.utf8)) } throws: { ($0 as? APIError)?.code == code }
    }

    @Test("an event of an unknown type is none of ours")
    func bookmark() throws {
        guard case .other = try WatchEvent<Service>(line: Array(#"{"type":"BOOKMARK","object":{}}"#.utf8)) else {
            Issue.record("read as something else")
            return
        }
    }
}
