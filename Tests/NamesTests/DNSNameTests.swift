import Names
import Testing

@Suite struct DNSNameTests {
    @Test(
        "text and back",
        arguments: [
            (".", "."), ("web", "web."), ("Web.Shop.", "Web.Shop."), ("a\\.b.c", "a\\.b.c."),
            ("\\000\\255x", "\\000\\255x."),
            ("_http._tcp.web", "_http._tcp.web."), ("\\a", "a."), ("ü", "\\195\\188."),
        ])
    func text(text: String, expected: String) throws {
        #expect(try DNSName(text).description == expected)
    }

    @Test(
        "not a name",
        arguments: [
            ("", DNSError.badText), ("a..b", .badLabel), (".a", .badLabel), ("..", .badLabel), ("\\", .badText),
            ("\\25", .badText), ("\\256", .badText), (String(repeating: "a", count: 64), .badLabel),
            (String(repeating: "a.", count: 128), .nameTooLong),
        ])
    func notAName(text: String, error: DNSError) {
        #expect(throws: error) { try DNSName(text) }
    }

    @Test("the longest name has 255 bytes")
    func longest() throws {
        let name = try DNSName(String(repeating: "a.", count: 127))
        #expect(name.wire.count == 255)
        #expect(throws: DNSError.nameTooLong) { try name.appending(DNSName("b")) }
        #expect(
            try DNSMessage(
                decoding: DNSMessage(
                    id: 1,
                    questions: [
                        DNSQuestion(name: name, type: .a)
                    ]
                ).encode()
            ).questions[0].name == name)
    }

    @Test("case does not count, but is kept")
    func comparison() throws {
        let (upper, lower) = (try DNSName("WEB.Shop"), try DNSName("web.shop"))
        #expect(upper == lower && upper.hashValue == lower.hashValue && upper.wire != lower.wire)
        #expect(upper.lowercased.wire == lower.wire)
        #expect(try DNSName("[a") != DNSName("{a"))
        #expect(try lower != DNSName("web.shoq"))
    }

    @Test("within a zone, at the border of a label")
    func zones() throws {
        let zone = try DNSName("cluster.local")
        #expect(try DNSName("web.Cluster.LOCAL").isWithin(zone) && zone.isWithin(zone) && zone.isWithin(.root))
        #expect(try !DNSName("xcluster.local").isWithin(zone) && !DNSName("local").isWithin(zone))
        // The bytes of the zone are in the name, but within its first label.
        #expect(try !DNSName(labels: [[0x78] + zone.wire.dropLast()]).isWithin(zone))
        #expect(try DNSName("web.shop.cluster.local").removing(zone)?.description == "web.shop.")
        #expect(try DNSName("web.example").removing(zone) == nil)
        #expect(zone.parent.description == "local." && DNSName.root.parent == .root)
    }

    @Test(
        "IPv4 addresses",
        arguments: [
            ("127.0.0.1", 0x7F00_0001), ("255.255.255.255", 0xFFFF_FFFF), ("0.0.0.0", 0), ("1.2.3", nil),
            ("1.2.3.256", nil),
            ("01.2.3.4", nil), ("1.2.3.4.", nil), ("1.2.3.+4", nil), ("1.2.3.", nil), ("", nil),
        ] as [(String, UInt32?)])
    func ipv4(text: String, value: UInt32?) {
        #expect(IPv4Address(text)?.rawValue == value)
        if let value { #expect(IPv4Address(rawValue: value).description == text) }
    }

    @Test(
        "IPv6 addresses",
        arguments: [
            ("::", "::"), ("::1", "::1"), ("fd00:0:0:1:0:0:0:2", "fd00:0:0:1::2"),
            ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
            ("FE80::A", "fe80::a"), ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"), ("1::", "1::"),
            ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
            ("64:ff9b::1.2.3.4", "64:ff9b::102:304"), (":::", nil), ("1:2", nil), ("1::2::3", nil), ("12345::", nil),
            ("+1::", nil),
            ("1:2:3:4:5:6:7:8::", nil), ("1.2.3.4::", nil), ("", nil), ("1:2:3:4:5:6:7:", nil),
        ] as [(String, String?)])
    func ipv6(text: String, expected: String?) {
        #expect(IPv6Address(text)?.description == expected)
    }
}
