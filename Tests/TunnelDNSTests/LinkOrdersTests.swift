import Names
import PluginGateway
import Testing

@testable import kubectl_tunnel_dns

@Suite struct LinkOrdersTests {
    private func words(_ search: [String], rules: [String] = [], takesNamespace: Bool = false) throws -> [String] {
        let names = ClusterNames(zone: "cluster.local", search: search, minimumDots: 5)
        let orders = try LinkOrders(
            names: names, rules: rules.compactMap { EgressRule($0) }, takesNamespace: takesNamespace)
        let commands = orders.commands(for: .systemdResolved, link: "x", address: "192.0.2.1", port: 53)
        return try #require(commands?.first { $0[0] == "domain" })
    }

    @Test("the search list is the pod's, in its order; the zone is asked for, and completes nothing twice")
    func search() throws {
        let pods = ["shop.svc.cluster.local", "svc.cluster.local", "cluster.local"]
        #expect(try self.words(pods) == ["domain", "x"] + pods)
        #expect(
            try self.words(["shop.svc.cluster.local"]) == ["domain", "x", "shop.svc.cluster.local", "~cluster.local"])
    }

    @Test("what a pod has from its node stays out: it is not the cluster's")
    func node() throws {
        #expect(
            try self.words(["svc.cluster.local", "ec2.internal", "home.test."])
                == ["domain", "x", "svc.cluster.local", "~cluster.local"])
    }

    @Test("the namespace's own name is asked for there, where others can be asked for the rest")
    func namespace() throws {
        let search = ["shop.svc.cluster.local"]
        #expect(
            try self.words(search, takesNamespace: true)
                == ["domain", "x", "shop.svc.cluster.local", "~cluster.local", "~shop"])
        let names = ClusterNames(zone: "cluster.local", search: search, minimumDots: 5)
        let orders = try LinkOrders(names: names, rules: [], takesNamespace: true)
        #expect(orders.clusterDomains.map(\.description) == ["shop.svc.cluster.local.", "cluster.local."])
    }

    @Test("names that are allowed are asked for there, and complete nothing")
    func rules() throws {
        #expect(
            try self.words(
                ["cluster.local"], rules: ["db.example.com:5432", "*.rds.example", "10.0.0.0/8", "db.example.com"])
                == ["domain", "x", "cluster.local", "~db.example.com", "~rds.example"])
    }

    @Test("the server comes last, and nothing but these names is asked for there")
    func order() throws {
        let names = ClusterNames(zone: "cluster.local", search: [], minimumDots: 5)
        let orders = try LinkOrders(names: names, rules: [], takesNamespace: false)
        let commands = try #require(
            orders.commands(for: .systemdResolved, link: "x", address: "192.0.2.1", port: 5353))
        #expect(commands.last == ["dns", "x", "192.0.2.1:5353"])
        #expect(commands.contains(["default-route", "x", "no"]))
        #expect(commands.filter { $0[0] == "domain" || $0[0] == "dns" }.count == 2)
    }

    @Test("NetworkManager is told all at once, and knows no port but 53")
    func networkManager() throws {
        let names = ClusterNames(zone: "cluster.local", search: ["svc.cluster.local"], minimumDots: 5)
        let orders = try LinkOrders(names: names, rules: [], takesNamespace: false)
        let commands = orders.commands(for: .networkManager, link: "x", address: "192.0.2.1", port: 53)
        #expect(
            commands == [
                [
                    "device", "modify", "x", "ipv4.addresses", "192.0.2.1/32", "ipv4.dns", "192.0.2.1",
                    "ipv4.dns-search", "svc.cluster.local,~cluster.local", "ipv4.method", "manual",
                    "ipv4.never-default", "yes", "ipv6.method", "disabled",
                ]
            ])
        #expect(orders.commands(for: .networkManager, link: "x", address: "192.0.2.1", port: 5353) == nil)
    }
}
