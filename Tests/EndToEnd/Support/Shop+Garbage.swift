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

    /// What belongs to objects that are gone, a `Kind/name` each: the cluster's garbage collector owes it, and nobody else
    /// deletes it. While API servers are killed again and again it does nothing for minutes: it looks for new kinds every
    /// 30 s, and waits up to 30 s for each of its caches (garbagecollector.go, Sync).
    func garbage() async throws -> Set<String> {
        let text = try await kubectl(
            "-n", self.namespace, "get",
            "deployments,replicasets,pods,services,secrets,serviceaccounts,roles,rolebindings,leases", "-o", "json")
        let items = try JSONDecoder().decode(List.self, from: Data(text.utf8)).items
        var living = Set(items.map(\.metadata.uid))
        var garbage: Set<String> = []
        while true {
            let orphans = items.filter { item in
                living.contains(item.metadata.uid) && item.metadata.ownerReferences?.isEmpty == false
                    && item.metadata.ownerReferences?.contains { living.contains($0.uid) } == false
            }
            guard !orphans.isEmpty else { return garbage }
            garbage.formUnion(orphans.map { "\($0.kind)/\($0.metadata.name)" })
            living.subtract(orphans.map(\.metadata.uid))
        }
    }
}
