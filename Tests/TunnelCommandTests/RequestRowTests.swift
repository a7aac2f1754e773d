import NIOCore
import PluginConsole
import Testing

@testable import Tunnel
@testable import kubectl_tunnel

/// A request as one line.
@Suite struct RequestRowTests {
    /// What is seen of a request and its answer.
    static func request(
        _ text: String = "GET /a HTTP/1.1\r\nHost: web\r\n\r\n",
        answer: String? = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        end: ObservedRequest.End = .closed, after duration: Duration = .milliseconds(12)
    ) throws -> ObservedRequest {
        var observer = ConnectionObserver(keepsContent: true)
        var events = observer.callerSent(ByteBuffer(string: text), at: .zero)
        if let answer { events += observer.serverSent(ByteBuffer(string: answer), at: duration) }
        events += observer.ended(end, at: duration)
        guard case .request(let request)? = events.first else { throw Nothing() }
        return request
    }

    struct Nothing: Error {}

    private func line(_ request: ObservedRequest, _ columns: Int?, isColored: Bool = false) -> String {
        RequestRow(request: request, time: "18:04:05", remark: "10.42.0.17").line(columns: columns).text(
            isColored: isColored)
    }

    @Test("80 columns are enough, and what is too long is cut")
    func narrow() throws {
        #expect(
            self.line(try Self.request(), 80)
                == "18:04:05 200    GET     /a                        12 ms     5 B  10.42.0.17")
        let long = String(repeating: "/api", count: 40)
        let line = self.line(
            try Self.request(
                "OPTIONS \(long) HTTP/1.1\r\nHost: web\r\n\r\n", answer: nil, end: .reset, after: .seconds(90)), 80)
        #expect(line == "18:04:05 reset  OPTIONS /api/api/api/api/api/a… 90.00 s     0 B  10.42.0.17")
        #expect(line.count <= 80)
        for columns in 1...200 {
            #expect(
                self.line(try Self.request("GET \(long) HTTP/1.1\r\nHost: web\r\n\r\n"), columns).count
                    <= max(columns, 67))
        }
    }

    @Test("where there is no terminal nothing is cut, and both sizes are told")
    func wide() throws {
        let post = try Self.request(
            "POST /\(String(repeating: "a", count: 50)) HTTP/1.1\r\nHost: web\r\nContent-Length: 2\r\n\r\nab")
        #expect(
            self.line(post, nil)
                == "18:04:05 200    POST    /\(String(repeating: "a", count: 50))   12 ms     2 B     5 B  10.42.0.17")
        #expect(self.line(post, 100).contains("    2 B     5 B"))
        #expect(!self.line(post, 99).contains("    2 B     5 B"))
    }

    @Test("the status has its colour", arguments: [(200, "32"), (101, "36"), (302, "36"), (404, "33"), (503, "31")])
    func color(status: Int, code: String) throws {
        let request = try Self.request(answer: "HTTP/1.1 \(status) X\r\nContent-Length: 0\r\n\r\n")
        #expect(self.line(request, 80, isColored: true).contains("\u{1B}[\(code)m\(status)"))
        #expect(!self.line(request, 80).contains("\u{1B}"))
    }

    @Test("durations and sizes in the unit in which they are read")
    func units() {
        let durations: [(Duration, String)] = [
            (.microseconds(40), "0.0 ms"), (.microseconds(4240), "4.2 ms"), (.microseconds(9960), "10 ms"),
            (.milliseconds(999), "999 ms"),
            (.microseconds(999_600), "1.00 s"), (.milliseconds(12_345), "12.35 s"), (.seconds(200), "3m20s"),
        ]
        for (duration, text) in durations { #expect(RequestRow.text(duration) == text) }
        let sizes: [(Int64, String)] = [
            (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (9949, "9.9 kB"), (9960, "10 kB"), (999_600, "1.0 MB"),
            (34_000_000, "34 MB"),
        ]
        for (size, text) in sizes { #expect(RequestRow.size(size) == text) }
    }

    @Test("callers without their ports, as IPv4 where they are that")
    func callers() {
        func address(_ caller: String) -> String {
            ObservedConnection(route: "web:80", caller: caller, target: LocalTarget(host: "::1", port: 1)).callerAddress
        }
        #expect(address("10.1.2.3:4567") == "10.1.2.3" && address("::ffff:10.1.2.3:4567") == "10.1.2.3")
        #expect(address("fd00::1:2:4567") == "fd00::1:2" && address("unknown") == "unknown" && address("") == "")
    }
}
