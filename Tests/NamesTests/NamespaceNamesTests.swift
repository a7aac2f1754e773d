import Names
import Testing

@Suite struct NamespaceNamesTests {
    /// Knows `web.shop.svc.cluster.local` with an IPv4 address, and everything outside the cluster.
    private struct World: NameUpstream {
        func answer(to query: [UInt8]) async throws -> [UInt8] {
            let query = try DNSMessage(decoding: query)
            let question = query.questions[0]
            let isOfCluster = question.name.isWithin(try DNSName("cluster.local"))
            if isOfCluster, question.name != (try DNSName("web.shop.svc.cluster.local")) {
                return try query.response(.nameError).encode()
            }
            var response = query.response(.success)
            if question.type == .a {
                let address = IPv4Address(rawValue: isOfCluster ? 0x0A60_0001 : 0xC000_0201)
                response.answers = [DNSRecord(name: question.name, timeToLive: 5, data: .a(address))]
            }
            return try response.encode()
        }
    }

    private func ask(_ name: String, _ type: DNSRecordType = .a) async throws -> (DNSMessage, ResolvedName?) {
        let names = try #require(NamespaceNames(of: try DNSName("shop.svc.cluster.local"), upstream: World()))
        let query = DNSMessage(id: 7, questions: [DNSQuestion(name: try DNSName(name), type: type)])
        let response = try DNSMessage(decoding: await names.answer(to: query.encode()))
        #expect(response.id == 7 && response.questions == query.questions)
        return (response, ResolvedName(response))
    }

    @Test("the cluster's Service comes before whatever has the name elsewhere")
    func cluster() async throws {
        let (response, resolved) = try await self.ask("web.Shop")
        #expect(resolved?.names.map(\.description) == ["web.Shop.", "web.Shop.svc.cluster.local."])
        #expect(resolved?.addresses.map(\.description) == ["10.96.0.1"])
        #expect(response.answers.allSatisfy { $0.timeToLive == 5 })
    }

    @Test("a Service without an IPv6 address has none, whoever else has the name")
    func noData() async throws {
        let (response, _) = try await self.ask("web.shop", .aaaa)
        #expect(response.code == .success && response.answers.isEmpty)
    }

    @Test(
        "what the cluster does not know is asked for elsewhere",
        arguments: ["other.shop", "shop", "web.example", "a.b.shop"])
    func elsewhere(name: String) async throws {
        #expect(try await self.ask(name).1?.addresses.map(\.description) == ["192.0.2.1"])
    }

    @Test(
        "a namespace stands in front of svc",
        arguments: [("shop.svc.cluster.local", "shop."), ("svc.cluster.local", nil), ("cluster.local", nil)]
            as [(String, String?)])
    func domain(of name: String, is domain: String?) throws {
        #expect(NamespaceNames.domain(of: try DNSName(name))?.description == domain)
    }
}
