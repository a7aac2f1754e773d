/// Bytes that two readers could take for different requests, or that only look so.
///
/// In their text `####` stands for what the servers' logs know them by, and `&&&&&` for a user. Requests of theirs have a target
/// with `/mine`; `/also` is another whole request of alice's; what is hidden in a body, and what is not certain to be a request, has
/// another one.
struct RawRequests: Sendable {
    /// What the proxy may make of them.
    enum Reading: Sendable {
        /// It is certain where they end: each goes to whoever it belongs to.
        case certain
        /// It is, and some servers answer it otherwise once what is behind it has come. The proxy sends nothing ahead.
        case ahead
        /// It is not, from the first head on: the originals get all of it.
        case unread
        /// It is not, in the middle: what a laptop has begun ends there, with the connection.
        case cut
    }

    let name: String
    let reading: Reading
    let text: String

    /// The bytes; behind them, somebody else asks.
    func bytes(identity: String, user: String) -> [UInt8] {
        let last = "GET /####/last HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n"
        return Array((self.text + last).replacing("####", with: identity).replacing("&&&&&", with: user).utf8)
    }

    static let all: [RawRequests] = Self.lengths + Self.encodings + Self.lines + Self.chunks + Self.certain + Self.ahead

    // MARK: Words

    /// Alice's, where nobody should see a request.
    private static let hidden = "GET /####/hide HTTP/1.1\r\nHost: web\r\nX-User: alice\r\n\r\n"
    private static let hiddenChunk = "\(String(hidden.utf8.count, radix: 16))\r\n\(hidden)\r\n"
    private static let also = "GET /####/also HTTP/1.1\r\nHost: web\r\nX-User: alice\r\n\r\n"
    private static let count = "\(hidden.utf8.count)"

    private static func post(_ fields: String, _ body: String = "", _ version: String = "1.1") -> String {
        "POST /####/mine HTTP/\(version)\r\nHost: web\r\nX-User: &&&&&\r\n\(fields)\r\n\r\n\(body)"
    }

    private static func get(_ fields: String = "", _ target: String = "/####/mine", _ rest: String = "HTTP/1.1")
        -> String
    {
        "GET \(target) \(rest)\r\nHost: web\r\nX-User: &&&&&\r\n\(fields)\r\n"
    }

    private static func unread(_ name: String, _ text: String) -> RawRequests {
        RawRequests(name: name, reading: .unread, text: text)
    }

    // MARK: Lengths

    private static let lengths: [RawRequests] =
        [
            .unread(
                "CL.TE",
                post("Content-Length: \(hidden.utf8.count + 5)\r\nTransfer-Encoding: chunked", "0\r\n\r\n\(hidden)")),
            .unread("TE.CL", post("Transfer-Encoding: chunked\r\nContent-Length: 4", "\(hiddenChunk)0\r\n\r\n")),
            .unread("TE.CL 0", post("Transfer-Encoding: chunked\r\nContent-Length: 0", "0\r\n\r\n")),
            .unread("two lengths, 0 first", post("Content-Length: 0\r\nContent-Length: \(count)", hidden)),
            .unread("two lengths, 0 last", post("Content-Length: \(count)\r\nContent-Length: 0", hidden)),
            .unread("the same length twice", post("Content-Length: 5\r\ncontent-length: 5", "hello")),
            .unread("a list of lengths", post("Content-Length: 5, 5", "hello")),
            .unread("a list of other lengths", post("Content-Length: 0, \(count)", hidden)),
            .unread("a list in two fields", post("Content-Length: \(count), \(count)\r\nContent-Length: 0", hidden)),
        ]
        + [
            "+5", "-5", "0x5", "5 5", "5;", "\"5\"", "5.0", "1e1", "1_0", "", ",5", "5,", "\u{665}", "5\u{0}", "\u{b}5",
            "18446744073709551621", "99999999999999999999999999",
        ].map { .unread("the length \($0.debugDescription)", post("Content-Length: \($0)", "hello")) }
        + [
            "Content_Length: \(count)", "Content-Length : \(count)", "Content-Length\t: \(count)",
            "Content Length: \(count)", "X: y\nContent-Length: \(count)", "X: y\rContent-Length: \(count)",
            "X: y\r\n Content-Length: \(count)", "Content-Length:\r\n \(count)", "\u{0}Content-Length: \(count)",
        ].map { .unread("a disguised length, \($0.debugDescription)", post($0, hidden)) }

    // MARK: Encodings

    private static let encodings: [RawRequests] =
        [
            "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, identity",
            "Transfer-Encoding: identity, chunked",
            "Transfer-Encoding: identity", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: chunked, chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: x", "Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nTransfer-encoding: chunked", "Transfer-Encoding : chunked",
            "Transfer-Encoding\t: chunked", "Transfer Encoding: chunked", "Transfer_Encoding: chunked",
            "Transfer-Encoding:\u{b}chunked", "Transfer-Encoding: chunked\u{c}", "Transfer-Encoding: \u{0}chunked",
            "Transfer-Encoding:\r\n chunked", "X: y\nTransfer-Encoding: chunked", "X: y\rTransfer-Encoding: chunked",
            "Transfer-Encoding: \"chunked\"", "Transfer-Encoding: chunked;q=1", "Transfer-Encoding: ",
            "Transfer-Encoding: ,chunked", "Transfer-Encoding: chunked,",
        ].map { .unread($0.debugDescription, post($0, "0\r\n\r\n\(hidden)")) }
        + [
            .unread("TE.TE with a length", post("Content-Length: 5\r\nTransfer-Encoding: x", "0\r\n\r\n\(hidden)")),
            .unread("TE in HTTP/1.0", post("Transfer-Encoding: chunked", "0\r\n\r\n\(hidden)", "1.0")),
            .unread(
                "CL.TE in HTTP/1.0",
                post(
                    "Connection: keep-alive\r\nContent-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\n\(hidden)",
                    "1.0")),
        ]

    // MARK: Lines

    private static let lines: [RawRequests] =
        [
            "X: a\r\n X-User: alice", "X: a\r\n\tb", "X: a\nX-User: alice", "X: a\rX-User: alice", "X: a\r\r\nY: b",
            "X: \u{0}",
            "X\u{0}: a", "X: \u{1b}[2J", "X", ": a", "X : a", "X\t: a", "X(: a", "\u{feff}X: a", "Host: web",
            "host: other",
            "X: a\r\n \r\nY: b",
        ].map { .unread("the line \($0.debugDescription)", get("\($0)\r\n")) }
        + [
            .unread("a space before the first field", "GET /####/mine HTTP/1.1\r\n X-User: alice\r\nHost: web\r\n\r\n"),
            .unread("an empty line first", "\r\n" + get()), .unread("an LF first", "\n" + get()),
            .unread("LF alone", "GET /####/mine HTTP/1.1\nHost: web\nX-User: &&&&&\n\n"),
            .unread("LF at the head's end", "GET /####/mine HTTP/1.1\r\nHost: web\r\nX-User: &&&&&\r\n\n"),
            .unread("no Host", "GET /####/mine HTTP/1.1\r\nX-User: &&&&&\r\n\r\n"),
            .unread("HTTP/0.9", "GET /####/mine\r\n"), .unread("HTTP/1.2", get("", "/####/mine", "HTTP/1.2")),
            .unread("HTTP/2.0 in a line", get("", "/####/mine", "HTTP/2.0")),
            .unread("http/1.1", get("", "/####/mine", "http/1.1")),
            .unread("HTTP/1.10", get("", "/####/mine", "HTTP/1.10")),
            .unread("a space in the target", get("", "/####/mine x")), .unread("two spaces", get("", " /####/mine")),
            .unread("a space behind the version", get("", "/####/mine", "HTTP/1.1 ")),
            .unread("a tab for a space", get("", "/####/mine\tHTTP/1.1", "")),
            .unread("a long method", String(repeating: "M", count: 40) + " /####/mine HTTP/1.1\r\nHost: web\r\n\r\n"),
            .unread("no method", " /####/mine HTTP/1.1\r\nHost: web\r\nX-User: &&&&&\r\n\r\n"),
            .unread("half a head", "GET /####/mine HTTP/1.1\r\nHost: web\r\nX-User: &&&&&\r\n"),
            .unread("a head of 300 KB", get("X: \(String(repeating: "x", count: 300_000))\r\n")),
            .unread(
                "a head of 300 KB, in 3,000 fields",
                get(String(repeating: "X: \(String(repeating: "x", count: 95))\r\n", count: 3000))),
            .unread(
                "a tunnel", "CONNECT web:80 HTTP/1.1\r\nHost: web:80\r\nX-Id: ####\r\nX-User: &&&&&\r\n\r\n\(hidden)"),
            .unread(
                "a tunnel with a length",
                "CONNECT web:80 HTTP/1.1\r\nHost: web:80\r\nX-Id: ####\r\nX-User: &&&&&\r\nContent-Length: \(count)\r\n\r\n\(hidden)"
            ),
        ]

    // MARK: Chunks

    private static let chunks: [RawRequests] = [
        "0x5\r\nhello\r\n0\r\n\r\n", "-5\r\nhello\r\n0\r\n\r\n", "+5\r\nhello\r\n0\r\n\r\n", " 5\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "5\r\nhello0\r\n\r\n", "5\r\nhelloxx0\r\n\r\n",
        "5\u{0}\r\nhello\r\n0\r\n\r\n", "5;\u{0}\r\nhello\r\n0\r\n\r\n", "5;a\nhello\r\n0\r\n\r\n",
        "5;a\rb\r\nhello\r\n0\r\n\r\n",
        "FFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n", "10000000000000005\r\nhello\r\n0\r\n\r\n", "\r\nhello\r\n0\r\n\r\n",
        "x\r\n", "0\n\n", "0\r\n\n", "0\r\nX-User: alice\n\r\n",
        "5;" + String(repeating: "a", count: 300) + "\r\nhello\r\n0\r\n\r\n",
    ].map {
        RawRequests(
            name: "the chunks \($0.prefix(30).debugDescription)", reading: .cut,
            text: post("Transfer-Encoding: chunked", $0 + hidden))
    }

    // MARK: What is certain

    private static let certain: [RawRequests] =
        [
            ("a hidden request in a body", post("Content-Length: \(count)", hidden)),
            ("a hidden request in a GET's body", get("Content-Length: \(count)\r\n") + hidden),
            ("a hidden request in a chunk", post("Transfer-Encoding: chunked", "\(hiddenChunk)0\r\n\r\n")),
            (
                "a hidden request across chunks",
                post("Transfer-Encoding: chunked", "1;a=b\r\nG\r\n\(hiddenChunk)0\r\n\r\n")
            ),
            ("a chunk's extensions", post("Transfer-Encoding: chunked", "5;a=b;c=\"d;e\"\r\nhello\r\n0\r\n\r\n")),
            ("chunks in capitals", post("TRANSFER-ENCODING: CHUNKED", "A\r\nhellohello\r\n00\r\n\r\n")),
            (
                "trailers",
                post("Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\nX-User: alice\r\nContent-Length: 5\r\n\r\n")
            ),
            ("a length of 0", post("Content-Length: 0")),
            ("a length with zeros", post("Content-Length: 0005", "hello")),
            ("a pair", get() + also), ("a pair with a body", post("Content-Length: 5", "hello") + also),
            ("a pair with chunks", post("Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n") + also),
            ("ten in a row", String(repeating: get() + also, count: 5)),
            ("HEAD before another", get().replacing("GET", with: "HEAD") + also),
            ("204 before another", get("", "/####/mine/empty") + also),
            ("chunks before another", get("", "/####/mine/stream") + also),
            ("the whole target", get("", "http://web/####/mine")),
            ("another's whole target", get("", "http://other/####/mine")),
            ("a method of one's own", get().replacing("GET", with: "PURGE")),
            ("a field in the target", get("", "/####/mine?%0d%0aX-User:%20alice")),
            ("a field in a value", get("X: a\\r\\nX-User: alice\r\n")),
            ("no space before a value", get("X-Id:####\r\n")),
            ("a body that is not there", post("Content-Length: 5000", hidden)),
            ("HTTP/1.0 that goes on", get("Connection: keep-alive\r\n", "/####/mine", "HTTP/1.0")),
            ("a body that was waited for", post("Expect: 100-continue\r\nContent-Length: 5", "hello")),
            ("a field of 6 KB", get("X: \(String(repeating: "x", count: 6000))\r\n")),
        ].map { RawRequests(name: $0.0, reading: .certain, text: $0.1) } + [
            RawRequests(
                name: "an early answer", reading: .cut,
                text: post("Content-Length: \(count)", hidden).replacing("/mine", with: "/mine/early")),
            RawRequests(name: "two users", reading: .certain, text: get("X-User: carol\r\n")),
            RawRequests(name: "an empty line behind", reading: .certain, text: get() + "\r\n"),
            RawRequests(
                name: "an empty line behind a body", reading: .certain,
                text: post("Content-Length: 5", "hello") + "\r\n"),
        ]

    private static let ahead: [RawRequests] = [
        ("HTTP/1.0", get("", "/####/mine", "HTTP/1.0")), ("what closes", get("Connection: close\r\n") + hidden),
        ("an upgrade to nothing", get("Connection: upgrade\r\nUpgrade: nothing\r\n")),
        ("garbage behind", get() + "\u{1}garbage\r\n\r\n"),
    ].map { RawRequests(name: $0.0, reading: .ahead, text: $0.1) }
}
