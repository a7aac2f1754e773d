import Names
import Testing

@Suite struct RouteTableTests {
    /// As a pod behind a bridge has it: a default route by 10.244.0.1, and its own network.
    private static let bridge = """
        Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
        eth0\t00000000\t0100F40A\t0003\t0\t0\t0\t00000000\t0\t0\t0
        eth0\t0000F40A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
        """

    @Test("the default gateway, and the first address of the pod's network")
    func bridge() {
        let routes = RouteTable(text: Self.bridge)
        #expect(routes.gateways == [IPv4Address("10.244.0.1")!])
        #expect(routes.firstHops == [IPv4Address("10.244.0.1")!])
    }

    @Test("a pod whose gateway is link-local has no network to guess from")
    func pointToPoint() {
        let text = """
            Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
            eth0 00000000 0101FEA9 0003 0 0 0 00000000 0 0 0
            eth0 0101FEA9 00000000 0005 0 0 0 FFFFFFFF 0 0 0
            """
        #expect(RouteTable(text: text).gateways == [IPv4Address("169.254.1.1")!])
        #expect(RouteTable(text: text).firstHops.isEmpty)
    }

    @Test("what is no table has no routes", arguments: ["", "Iface", "a\nb c d e f g h i", "h\neth0 zz 00 0 0 0 0 0"])
    func none(text: String) {
        #expect(RouteTable(text: text) == RouteTable(text: ""))
    }
}
