import InMemoryAPI
import Kubernetes
import KubernetesViaKubectl
import PluginConsole
import PluginSession
import Session

@testable import kubectl_tunnel

/// A namespace in memory, and the commands that look at it.
struct CommandStage {
    let api = InMemoryAPI()
    var kubectlVersion = "v1.36.0"
    /// Where plugins of this machine keep locks.
    var folder = "/nonexistent"

    static let core = "/api/v1/namespaces/shop"
    static let services = "\(core)/services"
    static let pods = "\(core)/pods"
    static let leases = "/apis/coordination.k8s.io/v1/namespaces/shop/leases"
    static let deployments = "/apis/apps/v1/namespaces/shop/deployments"
    static let holder = Holder(user: "alice", host: "laptop", session: SessionID("aaaaaaaaaa")!)

    /// A Service `web` with this spec; by default one that can be intercepted, with a pod that is ready.
    init(spec: JSONValue = Self.spec(), metadata: [String: JSONValue] = [:]) {
        self.api.put(["metadata": ["name": "shop"]], in: "/api/v1/namespaces")
        let names: [String: JSONValue] = ["name": "web", "namespace": "shop"]
        self.api.put(
            ["metadata": .object(names.merging(metadata) { $1 }), "spec": spec], in: Self.services)
        self.addPod("web-1")
    }

    /// The spec of a Service of pods with `app=web`.
    static func spec(
        ports: JSONValue = [["name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"]],
        _ members: [String: JSONValue] = [:]
    ) -> JSONValue {
        let usual: [String: JSONValue] = ["selector": ["app": "web"], "ports": ports, "clusterIP": "10.96.0.7"]
        return .object(usual.merging(members) { $1 })
    }

    /// A pod of the Service, or another.
    func addPod(
        _ name: String, labels: [String: JSONValue] = ["app": "web"], container: String = "web", isReady: Bool = true,
        owner: JSONValue? = nil
    ) {
        var metadata: [String: JSONValue] = ["name": .string(name), "labels": .object(labels)]
        if let owner { metadata["ownerReferences"] = [owner] }
        self.api.put(
            [
                "metadata": .object(metadata), "spec": ["containers": [["name": .string(container)]]],
                "status": [
                    "phase": "Running", "conditions": [["type": "Ready", "status": isReady ? "True" : "False"]],
                ],
            ], in: Self.pods)
    }

    /// What `doctor web` says.
    func doctor() async throws -> [Finding] {
        let preflight = InterceptPreflight(
            client: self.api.client, namespace: "shop", holder: Self.holder, image: "image:1", service: "web",
            kubectl: self.kubectl)
        return try await Doctor(preflight: preflight).findings { _ in }
    }

    /// What `intercept web` finds out before it begins.
    @discardableResult
    func intercept(
        _ ports: String = "3000", touchesCluster: Bool = false, _ change: (inout InterceptRequest) -> Void = { _ in }
    ) async throws
        -> PreparedIntercept
    {
        var request = InterceptRequest(
            service: "web", ports: ports.split(separator: " ").compactMap { PortRequest(String($0)) },
            address: try LocalAddress("127.0.0.1"), image: "image:1", leaseDurationSeconds: 30,
            waitsForLocalPort: false,
            timeout: .seconds(1), isForced: false, asksNothing: true, wantsNetworkPolicy: false,
            mayLackFailsafe: false, takesOver: false, command: [], allowed: [])
        change(&request)
        let report = SessionReport(console: Console(), isJSON: true, isVerbose: false)
        let preparation = InterceptPreparation(
            client: self.api.client, namespace: "shop", kubectl: self.kubectl, request: request, report: report,
            me: Self.holder, locks: SessionLocks(folder: self.folder))
        return try await preparation.run(touchesCluster: touchesCluster)
    }

    private var kubectl: @Sendable () async throws(KubectlError) -> (version: String, context: String?) {
        { [version = self.kubectlVersion] () async throws(KubectlError) in (version, nil) }
    }
}
