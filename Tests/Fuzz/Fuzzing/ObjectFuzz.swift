@testable import Kubernetes
@testable import Session

/// What the API server answers: every object that is read, and every decision that is made from one.
enum ObjectFuzz {
    static func run(_ bytes: [UInt8]) throws(FuzzFailure) {
        let text = String(decoding: bytes, as: UTF8.self)
        if let value = JSONValue(text: text) {
            try FuzzFailure.expect(JSONValue(text: value.canonicalText) == value, "a value has changed: \(value)")
            _ = value.yaml
        }
        for status in [200, 401, 404, 409, 410, 422, 500, 503] {
            let error = APIError.refusal(status: status, body: bytes)
            try FuzzFailure.expect(!error.message.contains("\n") || error.message.count > 1, "an error without words")
        }
        if let lease = try? JSONCoding.decode(Lease.self, from: bytes) { try Self.decide(lease) }
        if let service = try? JSONCoding.decode(Service.self, from: bytes) { try Self.decide(service) }
        if let pod = try? JSONCoding.decode(Pod.self, from: bytes) { _ = pod.isReady }
        if let slices = try? JSONCoding.decode(ObjectList<EndpointSlice>.self, from: bytes) {
            _ = slices.items.flatMap { $0.endpoints ?? [] }.filter(\.isReady)
        }
        if let policies = try? JSONCoding.decode(ObjectList<NetworkPolicy>.self, from: bytes) {
            _ = CallerPolicyCheck.obstacle(in: policies.items, originals: [["app": "web"], [:]], proxy: ["app": "kt"])
        }
        _ = try? JSONCoding.decode(ObjectList<Lease>.self, from: bytes).items.compactMap(LeaseRecord.init)
        _ = try? JSONCoding.decode(Deployment.self, from: bytes)
        _ = try? JSONCoding.decode(ServerVersion.self, from: bytes).isAtLeast(minor: 21)
    }

    private static func decide(_ lease: Lease) throws(FuzzFailure) {
        _ = LeaseRecord(lease)
        var clock = LeaseClock(durationSeconds: lease.spec.leaseDurationSeconds ?? 30)
        var renewed = lease
        renewed.spec.renewTime = "another"
        _ = clock.observe(lease, now: .zero)
        try FuzzFailure.expect(clock.observe(renewed, now: .seconds(10_000)) == .held, "a renewed Lease expired")
        try Self.control(lease)
    }

    /// A controller does what a Lease asks for, which anybody may have written.
    private static func control(_ lease: Lease) throws(FuzzFailure) {
        let seen = RemoteTermination.Observation(lease: lease, hasReadyProxy: true, isSwitched: true)
        if var session = ControlledSession(lease) {
            _ = session.handle(lease, now: .zero)
            _ = session.handle(seen, now: .zero)
        }
        if let order = ControllerOrder(lease) {
            try FuzzFailure.expect(ControllerOrder(json: order.json) == order, "an order has changed")
        }
        let configuration = ControllerConfiguration(namespace: "n", services: nil, image: "i", imagePullSecret: nil)
        var service = Service(
            metadata: ObjectMeta(name: lease.metadata.labels?[Key.service] ?? "web"),
            spec: Service.Spec(
                selector: ["app": "web"],
                ports: [Service.Port(name: nil, protocol: "TCP", port: 80, targetPort: .int(8080))], clusterIP: nil))
        service.metadata.uid = lease.metadata.annotation(Key.serviceUID)
        let version = ServerVersion(gitVersion: "v1.20.2", major: "1", minor: "20")
        guard let objects = try? configuration.objects(for: lease, service: service, origin: nil, on: version) else {
            return
        }
        try FuzzFailure.expect(
            objects.image == "i" && objects.service.selector == service.selector, "a Lease has a say")
        _ = objects.deployment(originHost: "").yaml
    }

    /// A Service is switched and restored on paper: nothing but the original selector may come back.
    private static func decide(_ service: Service) throws(FuzzFailure) {
        _ = Preflight.check(service)
        let session = SessionID.random()
        let names = SessionNames(service: service.metadata.name)
        _ = SwitchPatch.make(service, tunnel: session, names: names, publishNotReady: true)
        for origin in [service, nil] { _ = Restore.decide(service, tunnel: session, origin: origin) }
        _ = Restore.managedFields(of: service, saved: service.metadata.managedFields)
        // A helper Service of a session is never switched.
        guard !service.selector.isEmpty, service.metadata.labels?[Key.session] == nil else { return }

        var switched = service
        switched.metadata.annotations = [
            Key.session: session.description, Key.originalSelector: JSONValue(service.selector).canonicalText,
        ]
        switched.spec.selector = service.selector.mapValues { _ in names.selectorValue(for: session) }
        guard case .restore(let patch) = Restore.decide(switched, tunnel: session, origin: nil) else {
            throw FuzzFailure(description: "a switched Service is not restored")
        }
        try FuzzFailure.expect(
            patch.operations.contains { $0.path == "/spec/selector" && $0.value == JSONValue(service.selector) },
            "another selector than the original one would be restored")

        for request in [PortRequest("8080"), PortRequest("8080:http")] {
            guard let request, let plan = try? PortPlan(service, [request], allowLowPorts: true) else { continue }
            let ports =
                plan.listeners.flatMap { [$0.listenPort, $0.servicePort] } + [plan.tunnelPort]
            try FuzzFailure.expect(
                ports.allSatisfy((1...65_535).contains), "a number that is no port would trap when it is used")
            try FuzzFailure.expect(
                Set(plan.listeners.map(\.listenPort) + [plan.tunnelPort]).count
                    == plan.listeners.count + 1, "two listeners on one port")
            let objects = SessionObjects(
                service: service, namespace: "shop", holder: Holder(user: "a", host: "b", session: session),
                publicKey: "5a", image: "i", imagePullSecret: nil, leaseDurationSeconds: 30, plan: plan,
                failsafe: .ownRole,
                usesBetaSlices: true, grantsEvents: true)
            _ = objects.origin().yaml
            _ = objects.warmUp().yaml
        }
    }
}
