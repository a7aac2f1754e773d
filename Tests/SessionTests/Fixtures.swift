import Kubernetes
import Session

/// A Service of one port, as the API server returns it.
func makeService(
    name: String = "web", selector: [String: String]? = ["app": "web", "tier": "fe"],
    ports: [Service.Port] = [Service.Port(name: nil, protocol: "TCP", port: 80, targetPort: .int(8080))],
    annotations: [String: String]? = nil, labels: [String: String]? = nil, managedFields: JSONValue? = nil
) -> Service {
    var metadata = ObjectMeta(name: name, namespace: "shop", labels: labels, annotations: annotations)
    metadata.uid = "uid-1"
    metadata.resourceVersion = "42"
    metadata.managedFields = managedFields
    return Service(metadata: metadata, spec: Service.Spec(selector: selector, ports: ports, clusterIP: "10.96.0.7"))
}

let sessionA = SessionID("aaaaaaaaaa")!
let sessionB = SessionID("bbbbbbbbbb")!
let holderA = Holder(user: "alice", host: "laptop", session: sessionA)

/// A Lease of alice's, renewed at this time.
func makeLease(renewed time: String, holder: Holder? = nil, annotations: [String: String]? = nil) -> Lease {
    Lease(
        metadata: ObjectMeta(name: "tunnel-web", annotations: annotations),
        spec: Lease.Spec(
            holderIdentity: (holder ?? holderA).description,
            leaseDurationSeconds: 30, acquireTime: nil, renewTime: time))
}
