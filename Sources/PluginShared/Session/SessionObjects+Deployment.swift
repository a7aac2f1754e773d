public import Kubernetes

extension SessionObjects {
    /// The proxy's Deployment. Its pod passes PodSecurity *restricted*.
    ///
    /// - Parameters:
    ///   - originHost: The origin Service's address.
    ///   - warmUpHost: The warm-up Service's address.
    public func deployment(originHost: String, warmUpHost: String?) -> JSONValue {
        let session: [String: JSONValue] = [Key.session: .string(self.holder.session.description)]
        return self.object(
            "apps/v1", "Deployment", named: self.names.deployment, component: "proxy",
            with: [
                "spec": [
                    "replicas": 1,
                    "revisionHistoryLimit": 0,
                    "progressDeadlineSeconds": 60,
                    "selector": ["matchLabels": .object(session)],
                    "strategy": ["type": "Recreate"],
                    "template": [
                        "metadata": [
                            "labels": JSONValue(self.podLabels),
                            "annotations": JSONValue(Self.noMesh(self.holder.session)),
                        ],
                        "spec": self.podSpec(
                            self.configuration(
                                originHost: originHost, warmUpHost: warmUpHost)),
                    ],
                ]
            ])
    }

    /// A pod like the proxy's, for a dry run: what quota, pod security and webhooks say of it. The session's own account
    /// does not exist yet.
    public func podForDryRun() -> JSONValue {
        let configuration = self.configuration(originHost: "", warmUpHost: nil)
        return [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": [
                "name": .string("\(self.names.deployment)-dry-run"), "namespace": .string(self.namespace),
                "labels": JSONValue(self.podLabels), "annotations": JSONValue(Self.noMesh(self.holder.session)),
            ],
            "spec": self.podSpec(configuration, account: self.failsafe == .installedAccount ? nil : "default"),
        ]
    }

    /// The labels of the proxy's pod: the switched selector's, and our own where the two do not meet.
    public var podLabels: [String: String] {
        let value = self.names.selectorValue(for: self.holder.session)
        return self.labels(component: "proxy")
            .merging(self.service.selector.mapValues { _ in value }) { _, selected in selected }
    }

    /// How long a proxy pod may take to end, in seconds: restore, and a drain of 30.
    static let terminationGraceSeconds: Int64 = 45
    /// How long the pod stays on a node that is lost, in seconds; Kubernetes' default is 300.
    static let tolerationSeconds: Int64 = 20

    /// A sidecar would take the traffic before the proxy does.
    private static func noMesh(_ session: SessionID) -> [String: String] {
        [
            Key.session: session.description,
            "sidecar.istio.io/inject": "false",
            "linkerd.io/inject": "disabled",
            "kuma.io/sidecar-injection": "disabled",
        ]
    }

    private func podSpec(_ configuration: ProxyConfiguration, account other: String? = nil) -> JSONValue {
        var security: [String: JSONValue] = ["runAsNonRoot": true, "seccompProfile": ["type": "RuntimeDefault"]]
        if self.plan.needsLowPorts {
            security["sysctls"] = [["name": "net.ipv4.ip_unprivileged_port_start", "value": "0"]]
        }
        let account =
            switch self.failsafe {
            case .ownRole: self.names.account
            case .installedAccount: SessionNames.installedAccount
            case .pluginOnly: "default"
            }
        let toleration: (String) -> JSONValue = { key in
            [
                "key": .string("node.kubernetes.io/\(key)"), "operator": "Exists", "effect": "NoExecute",
                "tolerationSeconds": .integer(Self.tolerationSeconds),
            ]
        }
        var spec: [String: JSONValue] = [
            "automountServiceAccountToken": .bool(self.failsafe != .pluginOnly),
            "containers": [self.container(configuration)],
            "enableServiceLinks": false,
            "securityContext": .object(security),
            "serviceAccountName": .string(other ?? account),
            "terminationGracePeriodSeconds": .integer(Self.terminationGraceSeconds),
            "tolerations": [toleration("not-ready"), toleration("unreachable")],
        ]
        if let imagePullSecret { spec["imagePullSecrets"] = [["name": .string(imagePullSecret)]] }
        return .object(spec)
    }

    private func configuration(originHost: String, warmUpHost: String?) -> ProxyConfiguration {
        ProxyConfiguration(
            namespace: self.namespace, service: self.service.metadata.name, holder: self.holder.description,
            leaseDurationSeconds: self.leaseDurationSeconds, listeners: self.plan.listeners, originHost: originHost,
            warmUpHost: warmUpHost, tunnelPort: self.plan.tunnelPort, healthPort: self.plan.healthPort,
            restores: self.failsafe != .pluginOnly, usesBetaSlices: self.usesBetaSlices)
    }

    private func container(_ configuration: ProxyConfiguration) -> JSONValue {
        let ports = self.plan.listeners.map { listener -> JSONValue in
            var members: [String: JSONValue] = [
                "containerPort": .integer(Int64(listener.listenPort)), "protocol": "TCP",
            ]
            if let name = listener.portName { members["name"] = .string(name) }
            return .object(members)
        }
        return [
            "name": "proxy",
            "image": .string(self.image),
            "imagePullPolicy": "IfNotPresent",
            "env": [
                ["name": .string(ProxyConfiguration.variable), "value": .string(configuration.json)],
                [
                    "name": .string(ProxyConfiguration.secretVariable),
                    "valueFrom": ["secretKeyRef": ["name": .string(self.secretName), "key": "secret"]],
                ],
            ],
            "ports": .array(ports),
            "resources": ["requests": ["cpu": "10m", "memory": "32Mi"], "limits": ["cpu": "1", "memory": "128Mi"]],
            "securityContext": [
                "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": ["drop": ["ALL"]],
            ],
            "terminationMessagePolicy": "FallbackToLogsOnError",
        ]
    }
}
