import Foundation

extension Shop {
    private struct List: Decodable {
        var items: [Item]
    }

    private struct Item: Decodable {
        struct Metadata: Decodable {
            struct Owner: Decodable {
                var uid: String
            }

            var name: String
            var uid: String
            var ownerReferences: [Owner]?
        }

        var kind: String
        var metadata: Metadata
    }

    /// The pods whose Deployment is gone, a `Kind/name` each: the cluster's garbage collector owes them, and nobody else
    /// deletes them. While API servers are killed again and again it does nothing for minutes: it looks for new kinds every
    /// 30 s, and waits up to 30 s for each of its caches (garbagecollector.go, Sync).
    func garbage() async throws -> Set<String> {
        let text = try await kubectl("-n", self.namespace, "get", "deployments,replicasets,pods", "-o", "json")
        let items = try JSONDecoder().decode(List.self, from: Data(text.utf8)).items
        func owned(_ kind: String, by living: Set<String>) -> [Item] {
            items.filter {
                $0.kind == kind && $0.metadata.ownerReferences?.contains { living.contains($0.uid) } == true
            }
        }
        let deployments = Set(items.filter { $0.kind == "Deployment" }.map(\.metadata.uid))
        let kept = Set(
            owned("Pod", by: Set(owned("ReplicaSet", by: deployments).map(\.metadata.uid))).map(\.metadata.uid))
        let orphans = items.filter { $0.kind == "Pod" && !kept.contains($0.metadata.uid) }
        return Set(orphans.map { "Pod/\($0.metadata.name)" })
    }
}
