public import Kubernetes

/// What an admin prepares once in a namespace: the account with which proxies restore Services there, for people who may
/// not make one for their session.
public struct Installation: Sendable, Equatable {
    /// The namespace.
    public var namespace: String
    /// The Services that may be restored; `nil` for all of the namespace.
    public var services: [String]?
    /// Whether proxies may say on a Service what becomes of it: no user can grant a right that they lack.
    public var grantsEvents: Bool

    /// The name of account, Role and RoleBinding.
    public static let name = "kubectl-tunnel-proxy"
    /// The label that tells them from what another client has made under that name.
    static let labels = [Key.component: "installation"]

    /// An installation.
    public init(namespace: String, services: [String]?, grantsEvents: Bool) {
        self.namespace = namespace
        self.services = services.map { Set($0).sorted() }
        self.grantsEvents = grantsEvents
    }

    /// The annotation's value: the Services, or `*`.
    public var scope: String { self.services?.joined(separator: ",") ?? "*" }

    /// This installation with what is there already: Services are added, and all of them stay all.
    public func adding(to account: ObjectMeta?) -> Installation {
        guard let account, Self.owns(account), let present = Self.services(of: account) else { return self }
        var sum = self
        sum.services = present.all ? nil : self.services.map { Set($0 + present.names).sorted() }
        return sum
    }

    /// What is there without some Services; `nil` where nothing is left.
    ///
    /// - Throws: ``Refusal`` for a Service that is not among them.
    public static func removing(
        _ names: [String], from account: ObjectMeta, in namespace: String, grantsEvents: Bool
    ) throws(Refusal) -> Installation? {
        let present = Self.services(of: account) ?? (all: false, names: [])
        if present.all {
            throw Refusal(
                "all Services of namespace \(namespace) are installed, and none can be taken out of that",
                hint: "remove all of it with `kubectl tunnel install --remove`, and name those that are to stay")
        }
        if let stranger = names.first(where: { !present.names.contains($0) }) {
            throw Refusal(
                "service/\(stranger) is not among those that are installed",
                hint: "they are \(present.names.joined(separator: ", "))")
        }
        let rest = present.names.filter { !names.contains($0) }
        return rest.isEmpty ? nil : Installation(namespace: namespace, services: rest, grantsEvents: grantsEvents)
    }

    private static func services(of account: ObjectMeta) -> (all: Bool, names: [String])? {
        account.annotation(Key.services).map { text in
            let names = text.split(separator: ",").map(String.init)
            return (names.contains("*"), names.filter { $0 != "*" })
        }
    }

    /// Whether an object under that name is an installation's.
    public static func owns(_ object: ObjectMeta) -> Bool {
        object.labels?[Key.component] == Self.labels[Key.component]
    }

    /// Whether an account was prepared for a Service, with the rights that this version's proxies need.
    public static func covers(_ service: String, account: ObjectMeta) -> Bool {
        guard Self.owns(account), account.annotation(Key.version) == SessionObjects.protocolVersion else {
            return false
        }
        let services = (account.annotation(Key.services) ?? "").split(separator: ",")
        return services.contains("*") || services.contains(Substring(service))
    }

    /// The account of the proxies' pods.
    public func account() -> JSONValue {
        self.object("v1", "ServiceAccount", ["automountServiceAccountToken": false])
    }

    /// What it may do: restore these Services, and delete what their sessions have created. An account of one session it
    /// never has to delete.
    public func role() -> JSONValue {
        let names = self.services.map { $0.map(SessionNames.init(service:)) }
        let rules = SessionObjects.proxyRules(for: names, ownsAccount: false, withEvents: self.grantsEvents)
        return self.object(Manifest.rbac, "Role", Manifest.rules(rules))
    }

    /// The binding of account and Role.
    public func roleBinding() -> JSONValue {
        self.object(
            Manifest.rbac, "RoleBinding",
            Manifest.binding(role: Self.name, account: Self.name, in: self.namespace))
    }

    private func object(_ apiVersion: String, _ kind: String, _ members: [String: JSONValue]) -> JSONValue {
        Manifest.object(
            apiVersion, kind, named: Self.name, in: self.namespace, labels: Self.labels,
            annotations: [Key.services: self.scope, Key.version: SessionObjects.protocolVersion], with: members)
    }
}
