import Kubernetes
import Session
import Testing

@Suite struct NameTests {
    @Test("names fit, and differ where Services do")
    func lengths() {
        let long = String(repeating: "a", count: 62)
        for service in ["web", long + "x", long + "y"] {
            let names = SessionNames(service: service)
            let all = [
                names.lease(slot: 0), names.deployment, names.origin, names.warmUp, names.account,
            ]
            for name in all {
                #expect(name.utf8.count <= 63)
            }
            #expect(names.selectorValue(for: sessionA).utf8.count <= 63)
        }
        #expect(SessionNames(service: long + "x").lease(slot: 0) != SessionNames(service: long + "y").lease(slot: 0))
        #expect(SessionNames(service: "web").lease(slot: 0) == "tunnel-web")
    }

    @Test("a holder is read back, and foreign ones are not")
    func holders() {
        let holder = Holder(user: "al/ice", host: "lap top", session: sessionA)
        #expect(holder.description == "al_ice/lap_top/aaaaaaaaaa")
        #expect(Holder(holder.description) == holder)
        for text in [nil, "", "node-1", "a/b", "a/b/short", "a/b/c/aaaaaaaaaa"] { #expect(Holder(text) == nil) }
    }

    @Test("session identifiers are random and of one form")
    func identifiers() {
        let many = Set((0..<1000).map { _ in SessionID.random() })
        #expect(many.count == 1000)
        for one in many { #expect(SessionID(one.description) == one) }
        #expect(SessionID("AAAAAAAAAA") == nil)
    }

    @Test("control lines are read back, and unknown ones ignored")
    func controlLines() {
        let lines: [ControlLine] = [
            .check, .drain, .drained, .terminating, .checked(obstacle: nil),
            .checked(obstacle: "web:80: refused"), .checked(obstacle: nil, refusing: ["web:90", "web:91"]),
            .checked(obstacle: "web:80: no answer in time", refusing: ["web:90"]), .localDown(route: "web:80"),
            .localUp(route: "web:80"), .callersRefused(limit: 12),
            .notRead(route: "web:80", protocol: "TLS"), .mirrored(copies: 3, lost: [:]),
            .mirrored(copies: 0, lost: ["full": 2, "away": 1]),
        ]
        for line in lines { #expect(ControlLine(line.text) == line) }
        for text in ["", "checked", "check\tme", "hello", "callers-refused\tmany"] { #expect(ControlLine(text) == nil) }
    }

    @Test("the proxy's configuration is read back")
    func configuration() throws {
        let plan = try PortPlan(makeService(), [PortRequest("3000")!], allowLowPorts: false)
        let configuration = ProxyConfiguration(
            namespace: "shop", service: "web", holder: "a/b/aaaaaaaaaa", publicKey: "5a", tellsCaller: false,
            leaseDurationSeconds: 30, listeners: plan.listeners, originHost: "10.0.0.1", tunnelPort: 1, metricsPort: 2,
            restores: true, usesBetaSlices: true)
        #expect(ProxyConfiguration(json: configuration.json) == configuration)
        #expect(ProxyConfiguration(json: "{}") == nil)
        for port in ["0", "65536", "-1"] {
            let json = configuration.json.replacing("\"tunnelPort\":1,", with: "\"tunnelPort\":\(port),")
            #expect(json != configuration.json)
            #expect(ProxyConfiguration(json: json) == nil)
        }
    }

    @Test("traffic is read as it was written, and anything else is none", arguments: [0, 1023, 1024, 1_572_864])
    func traffic(bytes: Int) {
        let traffic = SessionTraffic(connections: 2, received: bytes, sent: 7)
        #expect(SessionTraffic(traffic.description) == traffic)
        let mirror = SessionTraffic(connections: 2, received: bytes, sent: 0, lost: 3)
        #expect(SessionTraffic(mirror.description) == mirror)
        for text in ["", "1 2", "1 2 3 4 5", "1 2 x", "-1 2 3"] { #expect(SessionTraffic(text) == nil, "\(text)") }
        let expected = [0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1_572_864: "1.5 MiB"]
        #expect(SessionTraffic.text(bytes: bytes) == expected[bytes])
    }
}
