public import Kubernetes
public import Requests

/// The objects that a session creates, and those of its tunnel, as values: what `--dry-run` prints is what is created.
public struct SessionObjects: Sendable {
    /// The Service as it was read in preflight.
    public var service: Service
    /// The namespace.
    public var namespace: String
    /// Who holds the session.
    public var holder: Holder
    /// The tunnel: the session's own, until it joins another.
    public var tunnel: SessionID
    /// The slot of the session's Lease.
    public var slot = 0
    /// The public key of its laptop.
    public var publicKey: String
    /// The proxy's image.
    public var image: String
    /// The Secret with the registry's credentials; `nil` for none.
    public var imagePullSecret: String?
    /// The Lease's duration in seconds.
    public var leaseDurationSeconds: Int
    /// The ports.
    public var plan: PortPlan
    /// Which requests of its ports come to the session; `nil` for whole connections.
    public var rule: RequestRule?
    /// Whether these say who called.
    public var tellsCaller = true
    /// Whether only copies come to it.
    public var isMirror = false
    /// Who restores when the laptop is gone.
    public var failsafe: Failsafe
    /// Whether EndpointSlices are v1beta1 here.
    public var usesBetaSlices: Bool
    /// Whether the session's own Role may include Events: no user can grant a right that they lack.
    public var grantsEvents: Bool

    /// The names.
    public let names: SessionNames

    /// The version of what plugin, proxy and controller say to each other through the Lease.
    static let protocolVersion = "5"

    /// A session's objects.
    public init(
        service: Service, namespace: String, holder: Holder, publicKey: String, image: String,
        imagePullSecret: String?, leaseDurationSeconds: Int, plan: PortPlan, failsafe: Failsafe, usesBetaSlices: Bool,
        grantsEvents: Bool
    ) {
        self.service = service
        self.namespace = namespace
        self.holder = holder
        self.tunnel = holder.session
        self.publicKey = publicKey
        self.image = image
        self.imagePullSecret = imagePullSecret
        self.leaseDurationSeconds = leaseDurationSeconds
        self.plan = plan
        self.failsafe = failsafe
        self.usesBetaSlices = usesBetaSlices
        self.grantsEvents = grantsEvents
        self.names = SessionNames(service: service.metadata.name)
    }

    /// Who restores the Service when the laptop is gone.
    public enum Failsafe: Sendable, Equatable {
        /// The proxy, with a Role of the session's own.
        case ownRole
        /// The proxy, with the account that an admin prepared.
        case installedAccount
        /// Nobody but the plugin.
        case pluginOnly
    }

    /// The objects of a session that has joined a tunnel. Only one whose proxy has an account can be joined, whatever this user
    /// could have given to one.
    ///
    /// - Parameter service: The Service as the tunnel's maker found it.
    public func joined(_ tunnel: SessionID, service: Service) -> SessionObjects {
        var objects = self
        objects.tunnel = tunnel
        objects.service = service
        if objects.failsafe == .pluginOnly { objects.failsafe = .installedAccount }
        return objects
    }

    /// What the session wants of the Service.
    public var wish: PortWish {
        PortWish(ports: Set(self.plan.intercepted.map(\.servicePort)), rule: self.rule, isMirror: self.isMirror)
    }

    /// What is told of the switch.
    public var switchEvent: ServiceEvent {
        self.isMirror ? .mirrored(holder: self.holder.person) : .intercepted(holder: self.holder.person)
    }

    /// The name of the session's Lease.
    public var leaseName: String { self.names.lease(slot: self.slot) }

    /// The Lease that starts the session.
    ///
    /// - Parameter time: Now, as ``MicroTime``; for people.
    public func lease(time: String) -> Lease {
        var annotations = [
            Key.tunnel: self.tunnel.description,
            self.isMirror ? Key.mirror : Key.ports: self.plan.summary,
            Key.publicKey: self.publicKey,
            Key.version: Self.protocolVersion,
            Key.serviceUID: self.service.metadata.uid ?? "",
        ]
        annotations[Key.rule] = self.rule?.text
        if !self.tellsCaller { annotations[Key.noForwardedHeaders] = "true" }
        return Lease(
            metadata: ObjectMeta(
                name: self.leaseName,
                namespace: self.namespace,
                labels: self.labels(component: "lease", session: self.holder.session),
                annotations: annotations,
                ownerReferences: [self.owner]),
            spec: Lease.Spec(
                holderIdentity: self.holder.description, leaseDurationSeconds: self.leaseDurationSeconds,
                acquireTime: time, renewTime: time))
    }

    /// The Service that keeps the original selector and ports, by which the proxy reaches the original pods.
    ///
    /// - Parameter address: Its address, when it is created again; `nil` for any.
    public func origin(address: String? = nil) -> JSONValue {
        let ports = self.tcpPorts.map { port -> JSONValue in
            var members = Self.commonMembers(of: port)
            switch port.targetPort ?? .int(port.port) {
            case .int(let number): members["targetPort"] = .integer(Int64(number))
            case .string(let name): members["targetPort"] = .string(name)
            }
            return .object(members)
        }
        var spec: [String: JSONValue] = ["ports": .array(ports), "selector": JSONValue(self.service.selector)]
        if self.service.spec.publishNotReadyAddresses == true { spec["publishNotReadyAddresses"] = true }
        if let address { spec["clusterIP"] = .string(address) }
        var annotations = [Key.originalManagedFields: (self.service.metadata.managedFields ?? []).canonicalText]
        // A proxy without an account knows one session only.
        if self.failsafe != .pluginOnly { annotations[Key.version] = Self.protocolVersion }
        return self.object(
            "v1", "Service", named: self.names.origin, component: "origin", annotations: annotations,
            with: ["spec": .object(spec)])
    }

    /// The Service that selects the proxy before the switch does, so that its pod is known to be ready by then. It has no
    /// address: kube-proxy, which writes its rules twice at once and then once a second, would spend on it what the switch
    /// needs a moment later.
    public func warmUp(_ count: WarmUpCount = .ready) -> JSONValue {
        let port = JSONValue.integer(Int64(self.plan.tunnelPort))
        return self.object(
            "v1", "Service", named: self.names.warmUp, component: "warmup",
            with: [
                "spec": [
                    "clusterIP": "None",
                    "ports": [
                        ["name": .string(count.rawValue), "port": port, "protocol": "TCP", "targetPort": port]
                    ],
                    "publishNotReadyAddresses": .bool(count.publishesNotReady),
                    "selector": self.warmUpSelector,
                ]
            ])
    }

    /// The patch that makes this tunnel's warm-up Service count pods so; any other's fails it with 422.
    public func warmUpPatch(_ count: WarmUpCount) -> JSONPatch {
        var patch = JSONPatch()
        patch.test("/spec/selector", self.warmUpSelector)
        patch.replace("/spec/ports/0/name", .string(count.rawValue))
        patch.add("/spec/publishNotReadyAddresses", .bool(count.publishesNotReady))
        return patch
    }

    private var warmUpSelector: JSONValue { [Key.session: .string(self.tunnel.description)] }

    /// The account, Role and RoleBinding of the session, for ``Failsafe/ownRole``. The latter two are owned by the
    /// first, so that the proxy can end its own rights by deleting its account last.
    public func account() -> JSONValue {
        self.object(
            "v1", "ServiceAccount", named: self.names.account, component: "account",
            with: ["automountServiceAccountToken": false])
    }

    /// What the proxy may do: only what restoring takes, and only on the session's own names.
    public func role(accountUID: String) -> JSONValue {
        self.object(
            Manifest.rbac, "Role", named: self.names.account, component: "account",
            owner: self.accountOwner(uid: accountUID),
            with: Manifest.rules(
                Self.proxyRules(for: [self.names], ownsAccount: true, withEvents: self.grantsEvents)))
    }

    /// The binding of account and Role.
    public func roleBinding(accountUID: String) -> JSONValue {
        self.object(
            Manifest.rbac, "RoleBinding", named: self.names.account, component: "account",
            owner: self.accountOwner(uid: accountUID),
            with: Manifest.binding(role: self.names.account, account: self.names.account, in: self.namespace))
    }

    /// The rules of a proxy's Role.
    ///
    /// - Parameters:
    ///   - services: The Services, by whose names everything is limited; `nil` for all of the namespace.
    ///   - ownsAccount: Whether the account is the session's own, which is deleted with it.
    static func proxyRules(for services: [SessionNames]?, ownsAccount: Bool, withEvents: Bool) -> [RoleRule] {
        func rule(
            _ group: String, _ resource: String, _ verbs: [String], on names: (SessionNames) -> [String] = { _ in [] }
        ) -> RoleRule {
            RoleRule(group, resource, verbs, names: services?.flatMap(names) ?? [])
        }
        var rules = [
            rule("", "services", ["get", "patch"]) { [$0.service] },
            rule("", "services", ["get", "patch", "delete"]) { [$0.origin] },
            rule("", "services", ["get", "delete"]) { [$0.warmUp] },
            rule("apps", "deployments", ["get", "delete"]) { [$0.deployment] },
            RoleRule("coordination.k8s.io", "leases", ["list", "watch"]),
            rule("coordination.k8s.io", "leases", ["get", "patch", "delete"]) { $0.leases },
            rule("networking.k8s.io", "networkpolicies", ["get", "delete"]) { [$0.networkPolicy] },
            rule("discovery.k8s.io", "endpointslices", ["list"]),
        ]
        if ownsAccount { rules.append(rule("", "serviceaccounts", ["get", "delete"]) { [$0.account] }) }
        if withEvents { rules.append(rule("events.k8s.io", "events", ["create"])) }
        return rules
    }

    /// Labels of one part; they are the tunnel's, or the session's, never the workload's.
    func labels(component: String, session: SessionID? = nil) -> [String: String] {
        [
            Key.session: (session ?? self.tunnel).description,
            Key.service: self.service.metadata.name,
            Key.component: component,
        ]
    }

    /// Everything is owned by the Service: when it is deleted, all goes; when the Lease is, nothing does.
    private var owner: OwnerReference {
        OwnerReference(
            apiVersion: "v1", kind: "Service", name: self.service.metadata.name, uid: self.service.metadata.uid ?? "")
    }

    private func accountOwner(uid: String) -> OwnerReference {
        OwnerReference(apiVersion: "v1", kind: "ServiceAccount", name: self.names.account, uid: uid)
    }

    private var tcpPorts: [Service.Port] { (self.service.spec.ports ?? []).filter(\.isTCP) }

    private static func commonMembers(of port: Service.Port) -> [String: JSONValue] {
        var members: [String: JSONValue] = ["port": .integer(Int64(port.port)), "protocol": "TCP"]
        if let name = port.name { members["name"] = .string(name) }
        return members
    }

    func object(
        _ apiVersion: String, _ kind: String, named name: String, component: String,
        annotations: [String: String] = [:], owner: OwnerReference? = nil, with members: [String: JSONValue]
    ) -> JSONValue {
        let marks = annotations.merging([Key.session: self.tunnel.description]) { mark, _ in mark }
        return Manifest.object(
            apiVersion, kind, named: name, in: self.namespace, labels: self.labels(component: component),
            annotations: marks, owner: owner ?? self.owner, with: members)
    }
}
