import Kubernetes
import KubernetesViaKubectl
import PluginConsole
import Session
import SessionEffects

/// An object that `install` creates, changes or deletes.
struct InstalledObject: Sendable {
    /// As people say it: `role`.
    var kind: String
    var type: ResourceType<PartialObject>
    var json: JSONValue
    /// The member that is written again where the object is there already; `nil` for none.
    var changing: String?

    private var name: String { self.json["metadata"]?["name"]?.text ?? "" }

    /// The account last: by it people see that all is there.
    static func of(_ installation: Installation) -> [InstalledObject] {
        [
            Self(kind: "role", type: .roles, json: installation.role(), changing: "rules"),
            Self(kind: "rolebinding", type: .roleBindings, json: installation.roleBinding()),
            Self(kind: "serviceaccount", type: .serviceAccounts, json: installation.account()),
        ]
    }

    /// The Role of people who intercept by themselves.
    static func of(_ role: UserRole) -> InstalledObject {
        Self(kind: "role", type: .roles, json: role.json, changing: "rules")
    }

    /// The Deployment last: it needs the others.
    static func of(_ installation: ControllerInstallation) -> [InstalledObject] {
        [
            Self(kind: "role", type: .roles, json: installation.userRole(), changing: "rules"),
            Self(kind: "role", type: .roles, json: installation.role(), changing: "rules"),
            Self(kind: "rolebinding", type: .roleBindings, json: installation.roleBinding()),
            Self(kind: "serviceaccount", type: .serviceAccounts, json: installation.account()),
            Self(
                kind: "deployment", type: ResourceType.deployments.metadataOnly, json: installation.deployment(),
                changing: "spec"),
        ]
    }

    /// Creates the object, or brings the one that is there up to date.
    ///
    /// - Throws: ``PluginFailure`` when it was created by another client, or the cluster refuses.
    func apply(_ cluster: Cluster, _ console: Console) async throws {
        let (client, namespace) = (cluster.client, cluster.pin.namespace)
        let name = "\(self.kind)/\(self.name)"
        do throws(APIError) {
            try await self.create(client, in: namespace)
            return console.result("\(name) created")
        } catch {
            guard error.code == .alreadyExists else {
                throw PluginFailure(error, action: "create \(name) in namespace \(namespace)")
            }
        }
        let found = try await client.get(self.type, self.name, in: namespace)
        guard Installation.owns(found.metadata) else {
            throw PluginFailure(
                "\(name) in namespace \(namespace) was not created by kubectl tunnel",
                hint: "see `kubectl describe \(self.kind) \(self.name)`, and delete it if nothing needs it")
        }
        var patch = JSONPatch()
        if let changing, let value = self.json[changing] { patch.replace("/\(changing)", value) }
        for key in [Key.services, Key.version] {
            guard let value = self.json["metadata"]?["annotations"]?[key] else { continue }
            patch.add(JSONPatch.annotation(key), value)
        }
        try await client.patch(self.type, self.name, in: namespace, patch)
        console.result("\(name) configured")
    }

    private func create(_ client: KubernetesClient, in namespace: String) async throws(APIError) {
        if self.kind == "rolebinding" {
            try await client.createRoleBinding(self.json, in: namespace)
        } else {
            try await client.create(self.type, self.json, in: namespace)
        }
    }

    /// Deletes all that `install` may have created.
    static func remove(_ cluster: Cluster, _ console: Console) async throws {
        let (client, namespace) = (cluster.client, cluster.pin.namespace)
        try await Self.refuseWhileInUse(client, namespace)
        let kinds: [(kind: String, type: ResourceType<PartialObject>, name: String)] = [
            ("deployment", ResourceType.deployments.metadataOnly, ControllerInstallation.name),
            ("serviceaccount", .serviceAccounts, ControllerInstallation.name),
            ("rolebinding", .roleBindings, ControllerInstallation.name),
            ("role", .roles, ControllerInstallation.name), ("role", .roles, ControllerInstallation.userRole),
            ("role", .roles, UserRole.name),
            ("serviceaccount", .serviceAccounts, Installation.name),
            ("rolebinding", .roleBindings, Installation.name), ("role", .roles, Installation.name),
        ]
        var isThere = false
        for (kind, type, name) in kinds {
            guard let found = try await client.find(type, name, in: namespace)?.metadata, Installation.owns(found)
            else { continue }
            isThere = true
            try await client.delete(type, name, in: namespace, uid: found.uid)
            console.result("\(kind)/\(name) deleted")
        }
        if !isThere { console.result("nothing is installed in namespace \(namespace)") }
    }

    /// - Parameter services: Whose proxies count; `nil` for all.
    /// - Throws: ``PluginFailure`` while a proxy may need its account.
    static func refuseWhileInUse(
        _ client: KubernetesClient, _ namespace: String, of services: [String]? = nil
    ) async throws {
        let pods = try await client.list(.pods, in: namespace, labels: "\(Key.component)=proxy").items
        // A session whose Lease is gone has nothing left to do, though its pod may be coming to its end.
        let sessions = Set(
            try await client.list(.leases, in: namespace, labels: Key.session).items
                .compactMap { $0.metadata.labels?[Key.session] })
        let user = pods.first {
            $0.spec?.serviceAccountName == Installation.name
                && sessions.contains($0.metadata.labels?[Key.session] ?? "")
                && services?.contains($0.metadata.labels?[Key.service] ?? "") != false
        }
        guard let user else { return }
        let service = user.metadata.labels?[Key.service] ?? "?"
        throw PluginFailure(
            "service/\(service) is intercepted, and \(Installation.name) is there to restore it",
            hint: "end it first with `kubectl tunnel stop \(service) --force`")
    }
}
