import InMemoryAPI
import Kubernetes
import Session
import SessionEffects

/// A namespace in memory with a Service `web`, and a session that writes there.
struct SessionStage {
    let api = InMemoryAPI()
    let before: JSONValue
    let objects: SessionObjects
    let cleanup: SessionCleanup
    let writer: SessionWriter

    static let services = "/api/v1/namespaces/shop/services"
    static let slices = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices"
    static let roleBindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings"
    static let roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/shop/roles"
    static let leases = "/apis/coordination.k8s.io/v1/namespaces/shop/leases"
    static let holder = Holder(user: "alice", host: "laptop", session: SessionID("aaaaaaaaaa")!)

    init() async throws {
        let service: JSONValue = [
            "metadata": ["name": "web", "namespace": "shop", "annotations": ["team": "shop"]],
            "spec": [
                "selector": ["app": "web"], "ports": [["port": 80, "targetPort": 8080, "protocol": "TCP"]],
                "clusterIP": "10.96.0.7",
            ],
        ]
        self.before = self.api.put(service, in: Self.services)
        let found = try await self.api.client.get(.services, "web", in: "shop")
        let plan = try PortPlan(found, [PortRequest("3000")!], allowLowPorts: true)
        self.objects = SessionObjects(
            service: found, namespace: "shop", holder: Self.holder, publicKey: "5a", image: "image:1",
            imagePullSecret: nil,
            leaseDurationSeconds: 30, plan: plan, failsafe: .ownRole, usesBetaSlices: false, grantsEvents: true)
        self.cleanup = SessionCleanup(
            client: self.api.client, namespace: "shop", service: "web", tunnel: Self.holder.session,
            session: Self.holder.session,
            slices: .endpointSlices(beta: false))
        self.writer = SessionWriter(
            client: self.api.client, objects: self.objects, cleanup: self.cleanup, wantsNetworkPolicy: false)
        let lease = self.objects.lease(time: "2026-11-27T12:00:00.000000Z")
        let _: Lease = try await self.api.client.create(.leases, lease, in: "shop")
    }

    /// Lists these pods as ready in a Service's slices.
    func publish(_ pods: [String], of service: String) {
        let endpoints = pods.map { pod -> JSONValue in
            [
                "addresses": ["10.244.0.9"], "conditions": ["ready": true],
                "targetRef": ["kind": "Pod", "name": .string(pod)],
            ]
        }
        self.api.put(
            [
                "metadata": [
                    "name": .string("\(service)-1"), "labels": ["kubernetes.io/service-name": .string(service)],
                ],
                "addressType": "IPv4", "endpoints": .array(endpoints), "ports": [["name": "ready"]],
            ], in: Self.slices)
    }

    /// A session whose Service leads to its proxy.
    static func switched() async throws -> SessionStage {
        let stage = try await SessionStage()
        _ = try await stage.writer.perform(.createHelpers)
        _ = try await stage.writer.perform(.createProxy)
        stage.publish(["\(stage.objects.names.deployment)-1"], of: stage.objects.names.warmUp)
        stage.publish(["web-1"], of: "web")
        _ = try await stage.writer.perform(.switchService(publishNotReady: false))
        return stage
    }

    /// The Service as it is now, without its version.
    var service: JSONValue? { Self.withoutVersion(self.api["\(Self.services)/web"]) }
    /// The Service as it was, without its version.
    var original: JSONValue? { Self.withoutVersion(self.before) }

    private static func withoutVersion(_ object: JSONValue?) -> JSONValue? {
        guard case .object(var members)? = object, case .object(var metadata)? = members["metadata"] else {
            return object
        }
        metadata["resourceVersion"] = nil
        members["metadata"] = .object(metadata)
        return .object(members)
    }

    /// The names of the session's objects that are there, Events and slices apart.
    var leftovers: [String] {
        self.api.paths.filter { path in
            path != "\(Self.services)/web" && !path.contains("/events/") && !path.contains("/endpointslices/")
        }
    }
}
