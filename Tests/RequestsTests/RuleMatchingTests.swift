import Testing

@testable import Requests

@Suite struct RuleMatchingTests {
    private static func matches(_ kind: RequestCondition.Kind, _ word: String, _ head: String) throws -> Bool {
        try RequestRule([RequestCondition(kind, word)]).matches(head.requestHead())
    }

    private static func get(_ target: String) -> String { "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n" }
    private static func with(_ fields: String...) -> String {
        "GET / HTTP/1.1\r\nHost: a\r\n\(fields.map { $0 + "\r\n" }.joined())\r\n"
    }

    /// Expects each of `yes` to match and none of `no`.
    private static func check(
        _ kind: RequestCondition.Kind, _ word: String, yes: [String] = [], no: [String] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for head in yes {
            #expect(
                try Self.matches(kind, word, head), "\(word) on \(head.debugDescription)",
                sourceLocation: sourceLocation)
        }
        for head in no {
            #expect(
                try !Self.matches(kind, word, head), "\(word) on \(head.debugDescription)",
                sourceLocation: sourceLocation)
        }
    }

    @Test("a header's name has no case, its value is compared as a whole, and any of several counts")
    func header() throws {
        try Self.check(
            .header, "X-User=alice",
            yes: [
                Self.with("x-user:alice"), Self.with("X-USER: \t alice "), Self.with("X-User: bob", "x-user: alice"),
            ],
            no: [
                Self.with("x-user: Alice"), Self.with("x-user: alice, bob"), Self.with("x-user:"),
                Self.with("x-users: alice"),
                Self.with("y-user: alice"), Self.with("x-user: alicex"), Self.with(),
            ])
        try Self.check(.header, "X-User=", yes: [Self.with("x-user:")], no: [Self.with("x-user: a"), Self.with()])
        try Self.check(.header, "x-user=\u{e4}", yes: [Self.with("x-user: \u{e4}")], no: [Self.with("x-user: a")])
        try Self.check(
            .header, "X-User~^(alice|bob)@",
            yes: [Self.with("x-user: bob@b"), Self.with("x-user: x", "X-User: alice@a")],
            no: [Self.with("x-user: carol@c"), Self.with("y: bob@b"), Self.with()])
    }

    @Test("a path's prefix ends with a segment")
    func path() throws {
        try Self.check(
            .path, "/api",
            yes: [
                "/api", "/api/", "/api/x", "/api?x", "/api#x", "/api/x?y=/z", "/%61pi", "/ap%69/x", "http://web/api",
                "https://web:8443/api/x?y", "/api//", "/api/../x",
            ].map(Self.get),
            no: [
                "/", "/ap", "/apix", "/api%2Fx", "/api%20", "/API", "//api", "/x/api", "/?/api", "*", "http://web",
                "http://api", "http://web?/api", "/./api", "web:80/api", "http:/api", "://web/api",
            ].map(Self.get))
        try Self.check(
            .path, "/api/", yes: ["/api/", "/api/x", "http://web/api/"].map(Self.get),
            no: ["/api", "/api?x", "/apix", "/api%2F"].map(Self.get))
        try Self.check(
            .path, "/", yes: ["/", "/x", "/?x", "http://web", "http://web/", "http://web?x"].map(Self.get),
            no: ["*", "web:80"].map(Self.get))
        #expect(try !Self.matches(.path, "/", "CONNECT web:80 HTTP/1.1\r\nHost: a\r\n\r\n"))
    }

    @Test("in a path, what need not be encoded is the same encoded, and nothing else is")
    func encodedPath() throws {
        try Self.check(
            .path, "/a%2Fb/%7Ec", yes: ["/a%2fb/~c", "/%61%2Fb/%7ec/d"].map(Self.get),
            no: ["/a/b/~c", "/a%252Fb/~c"].map(Self.get))
        try Self.check(
            .path, "/\u{e4}", yes: ["/\u{e4}", "/%C3%A4", "/%c3%a4/x"].map(Self.get), no: ["/%E4", "/a"].map(Self.get))
        try Self.check(.path, "/a%25", yes: ["/a%25/x"].map(Self.get), no: ["/a%", "/a%/x", "/a%2525"].map(Self.get))
        try Self.check(.path, "/a", no: ["/a%", "/a%6", "/a%zz", "/%", "/%6"].map(Self.get))
    }

    @Test("a method has a case")
    func method() throws {
        try Self.check(
            .method, "post", yes: ["POST / HTTP/1.0\r\n\r\n"],
            no: ["post / HTTP/1.0\r\n\r\n", "POS / HTTP/1.0\r\n\r\n", "POSTS / HTTP/1.0\r\n\r\n"])
    }

    @Test("a query's parameters are decoded, and any of several counts")
    func query() throws {
        try Self.check(
            .query, "user=al ice",
            yes: [
                "/?user=al+ice", "/?user=al%20ice", "/?x&us%65r=%61l+ice", "/?user=bob&user=al+ice#x",
                "http://web?user=al+ice",
                "http://web/x?user=al+ice",
            ].map(Self.get),
            no: [
                "/", "/?", "/?user", "/?user=", "/?user=al%2Bice", "/?user=al+icex", "/?users=al+ice", "/?xuser=al+ice",
                "/?User=al+ice", "/#?user=al+ice", "/?x#user=al+ice", "/?x=1;user=al+ice", "/user=al+ice", "*",
            ].map(Self.get))
        try Self.check(
            .query, "q=", yes: ["/?q", "/?q=", "/?x&q&y"].map(Self.get), no: ["/?q=1", "/?qq", "/?=q"].map(Self.get))
        try Self.check(
            .query, "q=100%", yes: ["/?q=100%", "/?q=100%25"].map(Self.get), no: ["/?q=100%2"].map(Self.get))
        try Self.check(.query, "q=a=b", yes: ["/?q=a=b", "/?q=a%3Db"].map(Self.get), no: ["/?q=a"].map(Self.get))
    }

    @Test("cookies are compared as they come")
    func cookie() throws {
        try Self.check(
            .cookie, "user=alice",
            yes: [
                Self.with("Cookie: user=alice"), Self.with("cookie: a=b; user=alice;c=d"),
                Self.with("Cookie: a=b", "Cookie: user=alice"),
                Self.with("Cookie: user=bob;  user=alice"),
            ],
            no: [
                Self.with("Cookie: user=alicex"), Self.with("Cookie: xuser=alice"), Self.with("Cookie: User=alice"),
                Self.with("Cookie: user"), Self.with("Cookie: user=\"alice\""), Self.with("Cookie: a=user=alice"),
                Self.with("Set-Cookie: user=alice"), Self.with("Cookie: user=%61lice"),
                Self.with("Cookie: a=b, user=alice"),
            ])
        try Self.check(.cookie, "a=b=c", yes: [Self.with("Cookie: a=b=c")], no: [Self.with("Cookie: a=b")])
    }

    @Test("baggage: several headers, white space, properties, encoded values")
    func baggage() throws {
        try Self.check(
            .baggage, "user=al ice",
            yes: [
                Self.with("baggage: user=al%20ice"), Self.with("Baggage: a=1;p , user = al%20ice ;ttl=3;x, b=2"),
                Self.with("baggage: a=1", "baggage:,,user=%61l%20ice"), Self.with("baggage: user=bob,user=al%20ice"),
                Self.with("baggage: user=al ice"),
            ],
            no: [
                Self.with("baggage: user=al+ice"), Self.with("baggage: User=al%20ice"),
                Self.with("baggage: a=1;user=al%20ice"),
                Self.with("baggage: user"), Self.with("baggage: xuser=al%20ice"), Self.with("x-baggage: user=al%20ice"),
                Self.with("baggage: user=al%20icex"), Self.with("baggage: user=al%20ice%"),
            ])
    }

    @Test("a personal request says so in its header or in its baggage")
    func personal() throws {
        try Self.check(
            .personal, "alice",
            yes: [
                Self.with("Kubectl-Tunnel: alice"), Self.with("baggage: a=b, kubectl-tunnel=alice;x"),
                Self.with("kubectl-tunnel: bob", "baggage: kubectl-tunnel=alice"),
            ],
            no: [
                Self.with("kubectl-tunnel: bob", "baggage: kubectl-tunnel=bob"),
                Self.with("kubectl-tunnel: alice, bob"),
                Self.with("baggage: Kubectl-Tunnel=alice"), Self.with("kubectl-tunnel-user: alice"), Self.with(),
            ])
    }

    @Test("all conditions have to hold")
    func all() throws {
        let rule = try RequestRule([RequestCondition(.path, "/api"), RequestCondition(.personal, "alice")])
        func matches(_ target: String, _ user: String) throws -> Bool {
            rule.matches(try "GET \(target) HTTP/1.1\r\nHost: a\r\nkubectl-tunnel: \(user)\r\n\r\n".requestHead())
        }
        #expect(try matches("/api/x", "alice"))
        #expect(try !matches("/apis", "alice") && !matches("/api/x", "bob"))
    }

    @Test("a head that takes a pattern too many steps does not match")
    func budget() throws {
        let value = String(repeating: "a", count: 60_000)
        let head = try Self.with("x: \(value)").requestHead()
        #expect(try RequestRule([RequestCondition(.header, "x~a{10}$")]).matches(head))
        #expect(try !RequestRule([RequestCondition(.header, "x~a{900}$")]).matches(head))
        // The steps are those of all fields and conditions together.
        let fields = (0..<600).map { _ in "x: \(value.prefix(80))\r\n" }.joined()
        let many = try "GET / HTTP/1.1\r\nHost: a\r\n\(fields)x: b\r\n\r\n".requestHead()
        #expect(try RequestRule([RequestCondition(.header, "x~(a?){10}b$")]).matches(many))
        #expect(try !RequestRule([RequestCondition(.header, "x~(a?){300}b$")]).matches(many))
    }
}
