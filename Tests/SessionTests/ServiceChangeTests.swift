import Kubernetes
import Session
import Testing

@Suite struct ServiceChangeTests {
    private let prepared = makeService()

    private func switched(_ change: (inout Service) -> Void = { _ in }) -> Service {
        var service = self.prepared
        let value = SessionNames(service: "web").selectorValue(for: sessionA)
        service.spec.selector = ["app": value, "tier": value]
        service.metadata.annotations = [Key.session: sessionA.description]
        service.metadata.managedFields = [
            ["manager": "kubectl-tunnel", "time": "2026-01-02T00:00:00Z"],
            ["manager": "kubectl-edit", "time": "2026-01-01T00:00:00Z"],
        ]
        change(&service)
        return service
    }

    private func change(_ service: Service?) throws -> ServiceChange {
        let plan = try PortPlan(self.prepared, [PortRequest("3000")!], allowLowPorts: true)
        return ServiceChange(service, prepared: self.prepared, tunnel: sessionA, plan: plan)
    }

    @Test("what does not touch traffic is no change")
    func none() throws {
        #expect(try change(switched()) == .none)
        #expect(try change(switched { $0.metadata.labels = ["team": "shop"] }) == .none)
        #expect(
            try change(
                switched {
                    $0.spec.ports = [Service.Port(name: "http", protocol: "TCP", port: 8000, targetPort: .int(8080))]
                }) == .none)
    }

    @Test("a deleted Service, and another one of its name")
    func deleted() throws {
        #expect(try change(nil) == .deleted)
        #expect(try change(switched { $0.metadata.uid = "uid-2" }) == .deleted)
    }

    @Test("another's selector is theirs, with the mark or without, and they are named")
    func reselected() throws {
        #expect(try change(switched { $0.spec.selector = ["app": "web"] }) == .reselected(by: "kubectl-edit"))
        #expect(try change(switched { $0.spec.selector?["app"] = "web" }) == .reselected(by: "kubectl-edit"))
        #expect(try change(self.prepared) == .unmarked(by: nil))
    }

    @Test("a port that would find nobody at the proxy ends the session, and so does the loss of the intercepted one")
    func ports() throws {
        let more = switched {
            $0.spec.ports?.append(Service.Port(name: "more", protocol: "TCP", port: 90, targetPort: .int(9090)))
        }
        #expect(try change(more) == .portsChanged(by: "kubectl-edit"))
        let udp = switched {
            $0.spec.ports?.append(Service.Port(name: "dns", protocol: "UDP", port: 53, targetPort: .int(8080)))
        }
        #expect(try change(udp) == .portsChanged(by: "kubectl-edit"))
        let other = switched {
            $0.spec.ports = [Service.Port(name: nil, protocol: "TCP", port: 80, targetPort: .string("http"))]
        }
        #expect(try change(other) == .portsChanged(by: "kubectl-edit"))
    }
}
