import Kubernetes
import Session
import Testing

private func port(_ number: Int, name: String? = nil, target: IntOrString? = nil, kind: String? = "TCP") -> Service.Port
{
    Service.Port(name: name, protocol: kind, port: number, targetPort: target)
}

private func plan(_ ports: [Service.Port], _ requests: String..., lowPorts: Bool = false) throws -> PortPlan {
    try PortPlan(makeService(ports: ports), requests.map { PortRequest($0)! }, allowLowPorts: lowPorts)
}

@Suite struct PortPlanTests {
    @Test("the flag's value", arguments: ["0", "65536", "a", "80:", ":80", "", "-1"])
    func badRequests(text: String) { #expect(PortRequest(text) == nil) }

    @Test("one port needs no name; others pass through")
    func simple() throws {
        let one = try plan([port(80, target: .int(8080))], "3000")
        #expect(one.listeners.map(\.listenPort) == [8080])
        #expect(one.summary == "80:3000")
        let two = try plan([port(80, name: "http", target: .int(8080)), port(9090, name: "metrics")], "3000:http")
        #expect(two.listeners.map(\.localPort) == [3000, nil])
        #expect(two.listeners[0].route(of: "web") == "web:80")
    }

    @Test("a number that no port can have is refused", arguments: [0, -1, 65_536, Int.max])
    func impossible(number: Int) {
        #expect(throws: Refusal.self) { try plan([port(number, target: .int(8080))], "3000") }
        #expect(throws: Refusal.self) { try plan([port(80, target: .int(number))], "3000", lowPorts: true) }
    }

    @Test("a named target port keeps its name and gets a number of ours")
    func named() throws {
        let plan = try plan(
            [
                port(80, name: "a", target: .string("http")), port(20_000, name: "b"),
                port(8443, name: "c", target: .string("tls")),
            ],
            "1:a")
        #expect(plan.listeners.map(\.portName) == ["http", nil, "tls"])
        #expect(plan.listeners[0].listenPort == 20_001)
        #expect(plan.listeners[2].listenPort == 8443)
        #expect(!plan.needsLowPorts)
    }

    @Test("two Service ports with one target port share a listener")
    func shared() throws {
        let ports = [port(80, name: "a", target: .int(8080)), port(81, name: "b", target: .int(8080))]
        let both = try plan(ports, "3000:a")
        #expect(both.listeners.count == 1)
        #expect(both.notes.count == 1)
        #expect(throws: Refusal.self) { try plan(ports, "3000:a", "3001:b") }
        #expect(try plan(ports, "3000:a", "3000:b").notes == [])
    }

    @Test("of many Service ports with one target port all are named, in the note, in the Lease and in what is told")
    func many() throws {
        let ports = (0..<25).map { port(1000 + $0, name: "p\($0)", target: .int(8080)) }
        let one = try plan(ports, "3000:p0")
        #expect(one.notes.count == 1)
        #expect(one.notes.first?.contains("1023 and 1024 have one target port: all come to the laptop") == true)
        #expect(one.intercepted.map(\.servicePort) == Array(1000..<1025))
        #expect(one.summary.hasSuffix(" 1024:3000"))
        #expect(try plan(ports, "3000:p24").intercepted.count == 25)
    }

    @Test("a numeric target port below 1024 needs the sysctl")
    func low() throws {
        #expect(throws: Refusal.self) { try plan([port(80)], "3000") }
        let allowed = try plan([port(80)], "3000", lowPorts: true)
        #expect(allowed.needsLowPorts)
    }

    @Test("what is asked for has to be there")
    func refusals() {
        let ports = [port(80, name: "http"), port(53, name: "dns", kind: "UDP")]
        for request in ["3000", "3000:https", "3000:81", "3000:dns"] {
            #expect(throws: Refusal.self) { try plan(ports, request, lowPorts: true) }
        }
        #expect(throws: Refusal.self) { try plan(ports, "3000:http", "3001:80", lowPorts: true) }
    }

    @Test("the tunnel's port keeps clear of the Service's")
    func ownPorts() throws {
        let plan = try plan([port(1, target: .int(31_998)), port(2, name: "x", target: .int(31_999))], "1:1")
        #expect(Set([plan.tunnelPort, 31_998, 31_999]).count == 3)
    }
}
