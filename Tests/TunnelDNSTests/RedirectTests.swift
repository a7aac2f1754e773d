import Names
import Testing

@testable import kubectl_tunnel_dns

@Suite struct RedirectTests {
    private static func address(_ number: Int) -> IPv4Address { IPv4Address(rawValue: 0x0A00_0000 + UInt32(number)) }
    private static func target(_ number: Int, port: Int? = nil) -> RedirectTarget {
        RedirectTarget(address: Self.address(number), port: port)
    }

    @Test("an address is added once, stays while names speak of it, and goes 15 minutes after the last")
    func book() {
        var book = RedirectBook()
        #expect(book.take([Self.target(1), Self.target(2)], now: .zero).added == [Self.target(1), Self.target(2)])
        #expect(book.take([Self.target(1)], now: .seconds(600)) == RedirectBook.Change())
        #expect(book.expire(now: EgressPolicy.retention) == RedirectBook.Change())
        #expect(book.expire(now: EgressPolicy.retention + .seconds(1)).removed == [Self.target(2)])
        #expect(book.count == 1)
        #expect(book.take([Self.target(2)], now: .seconds(2000)).added == [Self.target(2)])
    }

    @Test("a full book lets the oldest go, and never orders what the kernel would refuse")
    func full() {
        var book = RedirectBook()
        _ = book.take([Self.target(0)], now: .zero)
        _ = book.take((1..<RedirectBook.maximum).map { Self.target($0) }, now: .seconds(1))
        let change = book.take([Self.target(RedirectBook.maximum)], now: .seconds(2))
        #expect(change == .init(added: [Self.target(RedirectBook.maximum)], removed: [Self.target(0)]))
        #expect(book.count == RedirectBook.maximum)
        var small = RedirectBook()
        let all = small.take((0..<RedirectBook.maximum + 5).map { Self.target($0) }, now: .zero)
        #expect(all.added.count == RedirectBook.maximum && all.removed.isEmpty)
    }

    @Test("orders are one line, those that make room first")
    func orders() {
        #expect(RedirectRules.orders(.init()) == nil)
        let change = RedirectBook.Change(
            added: [Self.target(1), Self.target(2), Self.target(3, port: 5432)], removed: [Self.target(4)])
        let table = "element inet kubectl_tunnel_dns"
        #expect(
            RedirectRules.orders(change)
                == "delete \(table) hosts { 10.0.0.4 }; add \(table) hosts { 10.0.0.1, 10.0.0.2 }; "
                + "add \(table) services { 10.0.0.3 . 5432 }")
    }

    @Test("the table has an owner, and spares the API server before anything else")
    func table() throws {
        let rules = ["10.1.0.0/16", "10.2.0.1:5432", "db.example.com"].compactMap { EgressRule($0) }
        let text = RedirectRules(
            port: 7, link: Self.address(9), spared: [Self.address(1), Self.address(2)], rules: rules
        ).creation
        #expect(!text.contains("\n"))
        #expect(text.hasPrefix("table inet kubectl_tunnel_dns { flags owner; "))
        #expect(text.contains("ip daddr 10.1.0.0/16 meta l4proto tcp redirect to :7;"))
        #expect(text.contains("ip daddr 10.2.0.1/32 tcp dport 5432 redirect to :7;"))
        #expect(!text.contains("example"))
        #expect(text.contains("ip daddr 10.0.0.9 iifname != \"lo\" drop;"))
        let spared = try #require(text.firstRange(of: "ip daddr { 10.0.0.1, 10.0.0.2 } return;"))
        let redirect = try #require(text.firstRange(of: "redirect"))
        #expect(spared.upperBound < redirect.lowerBound)
    }

    @Test("the probe's name is answered here, all others elsewhere")
    func probe() async throws {
        struct Elsewhere: NameUpstream {
            func answer(to query: [UInt8]) async throws -> [UInt8] { [1] }
        }
        let probe = try ResolverProbe(zone: try DNSName("cluster.local"), upstream: Elsewhere())
        let other = DNSMessage(id: 1, questions: [DNSQuestion(name: try DNSName("web.cluster.local"), type: .a)])
        #expect(try await probe.answer(to: other.encode()) == [1])
        #expect(!probe.wasAsked)
        let own = DNSMessage(id: 2, questions: [DNSQuestion(name: probe.name, type: .a)])
        let response = try DNSMessage(decoding: await probe.answer(to: own.encode()))
        #expect(response.answers.map(\.data) == [.a(ResolverProbe.address)])
        #expect(response.answers.allSatisfy { $0.timeToLive == 0 })
        #expect(probe.wasAsked && !probe.hasArrived)
        #expect(!probe.arrived(at: Self.address(1)) && !probe.hasArrived)
        #expect(probe.arrived(at: ResolverProbe.address) && probe.hasArrived)
    }
}
