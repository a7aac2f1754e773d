import Names
import Testing

@Suite struct ResolverConfigurationTests {
    private static let kubelet = ResolverConfiguration(
        text: """
            # written by the kubelet
            nameserver 10.96.0.10
            nameserver fd00::10
            search shop.svc.k8s.example svc.k8s.example k8s.example corp.example
            options ndots:5 timeout:2
            """)

    @Test("what a kubelet writes")
    func kubelet() {
        let configuration = Self.kubelet
        #expect(configuration.servers.map(\.description) == ["10.96.0.10", "fd00::10"])
        #expect(configuration.search.map(\.description).first == "shop.svc.k8s.example.")
        #expect(configuration.minimumDots == 5)
    }

    @Test("the zone is what stands behind svc, and nothing without it")
    func zone() {
        #expect(Self.kubelet.zone == (try? DNSName("k8s.example")))
        #expect(ResolverConfiguration(text: "search corp.example").zone == nil)
        #expect(ResolverConfiguration(text: "").zone == nil)
    }

    @Test("short names get the search list first, long ones last, absolute ones never")
    func candidates() {
        let configuration = Self.kubelet
        #expect(
            configuration.candidates(for: "orders.shop").map(\.description) == [
                "orders.shop.shop.svc.k8s.example.", "orders.shop.svc.k8s.example.", "orders.shop.k8s.example.",
                "orders.shop.corp.example.", "orders.shop.",
            ])
        #expect(configuration.candidates(for: "a.b.c.d.e.f").first?.description == "a.b.c.d.e.f.")
        #expect(configuration.candidates(for: "orders.").map(\.description) == ["orders."])
        #expect(configuration.candidates(for: "..").isEmpty)
    }

    @Test("nonsense is left out")
    func nonsense() {
        let configuration = ResolverConfiguration(
            text: "nameserver nobody\nnameserver\noptions ndots:x ndots:99\nsearch\n;nameserver 1.1.1.1\n\u{0}")
        #expect(configuration.servers.isEmpty)
        #expect(configuration.minimumDots == 15)
    }
}
