import Foundation
import Kubernetes
import Session
import Testing

@Suite struct ServiceMeshTests {
    private func pod(_ containers: [String], initial: [String] = []) throws -> Pod {
        func list(_ names: [String]) -> String { names.map { "{\"name\": \"\($0)\"}" }.joined(separator: ", ") }
        let text =
            "{\"metadata\": {\"name\": \"web-1\"}, \"spec\": {\"containers\": [\(list(containers))], "
            + "\"initContainers\": [\(list(initial))]}}"
        return try JSONDecoder().decode(Pod.self, from: Data(text.utf8))
    }

    @Test("pods without a sidecar are fine")
    func none() throws {
        #expect(ServiceMesh.refusal(of: makeService(), pods: [try pod(["web"], initial: ["istio-init"])]) == nil)
        #expect(ServiceMesh.refusal(of: makeService(), pods: []) == nil)
    }

    @Test(
        "a sidecar beside one of the pods' containers, or a native one, stops a session that is not forced",
        arguments: [
            ("istio-proxy", ServiceMesh.istio), ("linkerd-proxy", .linkerd), ("kuma-sidecar", .kuma),
            ("consul-dataplane", .consul),
        ])
    func sidecars(container: String, mesh: ServiceMesh) throws {
        let plain = try pod(["web"])
        for pods in [[plain, try pod(["web", container])], [try pod(["web"], initial: [container])]] {
            #expect(ServiceMesh.meshes(in: pods) == [mesh])
            let refusal = try #require(ServiceMesh.refusal(of: makeService(), pods: pods))
            #expect(refusal.yieldsToForce)
            #expect(refusal.summary.contains(mesh.rawValue))
        }
    }
}
