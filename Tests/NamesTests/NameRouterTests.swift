import Names
import Synchronization
import Testing

@Suite struct NameRouterTests {
    static func route(_ name: String, cluster: FakeUpstream, previous: FakeUpstream?) async throws -> String {
        let learned = Mutex(0)
        let router = NameRouter(
            domains: [try DNSName("cluster.local"), try DNSName("corp.example")],
            rules: ["db.partner.example:5432", "*.rds.example", "10.1.0.0/16"].compactMap { EgressRule($0) },
            cluster: cluster, previous: previous
        ) { _ in learned.withLock { $0 += 1 } }
        let query = DNSMessage(id: 9, questions: [DNSQuestion(name: try DNSName(name), type: .a)])
        let response = try await DNSMessage(decoding: router.answer(to: query.encode()))
        let by = response.authorities.first?.name.description ?? response.answers.first.map { "\($0.data)" } ?? "?"
        return "\(by) \(learned.withLock { $0 })"
    }

    @Test(
        "whom a name is asked of, and what is learned",
        arguments: [
            ("web.shop.svc.cluster.local", "cluster. 1"), ("Cluster.Local", "cluster. 1"),
            ("db.corp.example", "cluster. 1"), ("db.partner.example", "cluster. 1"),
            ("a.rds.example", "cluster. 1"), ("partner.example", "previous. 0"),
            ("example.com", "previous. 0"), ("local", "previous. 0"), ("xcluster.local", "previous. 0"),
            ("1.0.96.10.in-addr.arpa", "cluster. 1"), ("1.1.1.1.in-addr.arpa", "previous. 0"),
            ("1.0.16.172.in-addr.arpa", "cluster. 1"), ("1.0.32.172.in-addr.arpa", "previous. 0"),
            ("1.0.0.0.d.f.ip6.arpa", "cluster. 1"), ("1.0.0.2.ip6.arpa", "previous. 0"),
        ])
    func routes(name: String, expected: String) async throws {
        let route = try await Self.route(
            name, cluster: FakeUpstream(name: "cluster", answers: true), previous: FakeUpstream(name: "previous"))
        #expect(route == expected)
    }

    @Test("the name of an address that the cluster does not know is asked of the others")
    func reverse() async throws {
        let name = "1.0.96.10.in-addr.arpa"
        let (cluster, previous) = (FakeUpstream(name: "cluster", code: .nameError), FakeUpstream(name: "previous"))
        #expect(try await Self.route(name, cluster: cluster, previous: previous) == "previous. 1")
        let silent = FakeUpstream(name: "previous", fails: true)
        #expect(try await Self.route(name, cluster: cluster, previous: silent) == "cluster. 1")
        #expect(try await Self.route(name, cluster: silent, previous: previous) == "previous. 0")
        await #expect(throws: NameServerError.noAnswer) {
            try await Self.route(name, cluster: silent, previous: silent)
        }
    }

    @Test("without other servers the cluster is asked for everything")
    func clusterOnly() async throws {
        let cluster = FakeUpstream(name: "cluster", answers: true)
        #expect(try await Self.route("example.com", cluster: cluster, previous: nil) == "cluster. 1")
    }
}
