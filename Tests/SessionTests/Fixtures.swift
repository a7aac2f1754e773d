import Kubernetes
import Session
import Testing

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
/// The rules of Kubernetes' documentation, "Pod Security Standards", level restricted.
func expectRestricted(_ spec: JSONValue) throws {
    guard case .array(let containers)? = spec["containers"], let container = containers.first else {
        Issue.record("no container")
        return
    }
    for forbidden in ["hostNetwork", "hostPID", "hostIPC", "volumes"] { #expect(spec[forbidden] == nil) }
    #expect(spec["securityContext"]?["runAsNonRoot"] == true)
    #expect(spec["securityContext"]?["seccompProfile"]?["type"] == "RuntimeDefault")
    #expect(container["securityContext"]?["allowPrivilegeEscalation"] == false)
    #expect(container["securityContext"]?["readOnlyRootFilesystem"] == true)
    #expect(container["securityContext"]?["capabilities"] == ["drop": ["ALL"]])
    #expect(container["resources"]?["limits"]?["memory"] == "128Mi")
}

let holderA = Holder(user: "alice", host: "laptop", session: sessionA)

/// A Lease of alice's, renewed at this time.
func makeLease(renewed time: String, holder: Holder? = nil, annotations: [String: String]? = nil) -> Lease {
    Lease(
        metadata: ObjectMeta(name: "tunnel-web", annotations: annotations),
        spec: Lease.Spec(
            holderIdentity: (holder ?? holderA).description,
            leaseDurationSeconds: 30, acquireTime: nil, renewTime: time))
}
