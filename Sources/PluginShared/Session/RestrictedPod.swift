import Kubernetes

/// What the pods of both roles have in common: they pass PodSecurity *restricted*, and no mesh gets hold of them.
enum RestrictedPod {
    /// How long the pod stays on a node that is lost, in seconds; Kubernetes' default is 300.
    static let tolerationSeconds: Int64 = 20

    /// The account of a pod, and whether it may use it.
    struct Account {
        var name: String
        var isMounted: Bool
    }

    /// A Deployment of one such pod, told apart from others by its session.
    static func deployment(
        labels: [String: String], session: SessionID, annotations: [String: String] = [:], spec: JSONValue
    ) -> [String: JSONValue] {
        self.deployment(
            matching: [Key.session: session.description], labels: labels,
            annotations: Self.noMesh(session).merging(annotations) { mine, _ in mine }, spec: spec)
    }

    /// A Deployment of one such pod.
    static func deployment(
        matching selector: [String: String], labels: [String: String], annotations: [String: String], spec: JSONValue
    ) -> [String: JSONValue] {
        [
            "spec": [
                "replicas": 1,
                "revisionHistoryLimit": 0,
                "progressDeadlineSeconds": 60,
                "selector": ["matchLabels": JSONValue(selector)],
                "strategy": ["type": "Recreate"],
                "template": [
                    "metadata": ["labels": JSONValue(labels), "annotations": JSONValue(annotations)],
                    "spec": spec,
                ],
            ]
        ]
    }

    /// A sidecar would take the traffic before the proxy does.
    static let noMesh = [
        "sidecar.istio.io/inject": "false",
        "linkerd.io/inject": "disabled",
        "kuma.io/sidecar-injection": "disabled",
    ]

    /// Where a Prometheus that goes by these annotations finds metrics.
    static func metrics(port: Int) -> [String: String] {
        ["prometheus.io/scrape": "true", "prometheus.io/port": "\(port)", "prometheus.io/path": "/metrics"]
    }

    /// The annotations of a session's pod.
    static func noMesh(_ session: SessionID) -> [String: String] {
        Self.noMesh.merging([Key.session: session.description]) { mine, _ in mine }
    }

    /// The pod around one container.
    ///
    /// - Parameter others: The labels of pods that should not be lost together with this one.
    static func spec(
        _ container: JSONValue, account: Account, imagePullSecret: String?, terminationGraceSeconds: Int64,
        awayFrom others: [String: String] = [:], sysctls: [JSONValue] = []
    ) -> JSONValue {
        var security: [String: JSONValue] = ["runAsNonRoot": true, "seccompProfile": ["type": "RuntimeDefault"]]
        if !sysctls.isEmpty { security["sysctls"] = .array(sysctls) }
        let toleration: (String) -> JSONValue = { key in
            [
                "key": .string("node.kubernetes.io/\(key)"), "operator": "Exists", "effect": "NoExecute",
                "tolerationSeconds": .integer(Self.tolerationSeconds),
            ]
        }
        var spec: [String: JSONValue] = [
            "automountServiceAccountToken": .bool(account.isMounted),
            "containers": [container],
            "enableServiceLinks": false,
            "nodeSelector": Self.nodeSelector(for: container["image"]),
            "securityContext": .object(security),
            "serviceAccountName": .string(account.name),
            "terminationGracePeriodSeconds": .integer(terminationGraceSeconds),
            "tolerations": [toleration("not-ready"), toleration("unreachable")],
        ]
        if !others.isEmpty {
            let term: JSONValue = [
                "labelSelector": ["matchLabels": JSONValue(others)], "topologyKey": "kubernetes.io/hostname",
            ]
            spec["affinity"] = [
                "podAntiAffinity": [
                    "preferredDuringSchedulingIgnoredDuringExecution": [["weight": 1, "podAffinityTerm": term]]
                ]
            ]
        }
        if let imagePullSecret { spec["imagePullSecrets"] = [["name": .string(imagePullSecret)]] }
        return .object(spec)
    }

    /// Where the image can run: it is for Linux, and the released one for the architecture that it was built for. What another
    /// image holds is not known here.
    static func nodeSelector(for image: JSONValue?) -> JSONValue {
        guard let image = image?.text, ProxyConfiguration.isDefault(image: image) else {
            return ["kubernetes.io/os": "linux"]
        }
        return ["kubernetes.io/os": "linux", "kubernetes.io/arch": .string(ProxyConfiguration.defaultArchitecture)]
    }

    /// The container.
    static func container(
        named name: String, image: String, environment: [JSONValue], ports: [JSONValue] = []
    ) -> JSONValue {
        [
            "name": .string(name),
            "image": .string(image),
            "imagePullPolicy": "IfNotPresent",
            "env": .array(environment),
            "ports": .array(ports),
            "resources": ["requests": ["cpu": "10m", "memory": "32Mi"], "limits": ["cpu": "1", "memory": "128Mi"]],
            "securityContext": [
                "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": ["drop": ["ALL"]],
            ],
            "terminationMessagePolicy": "FallbackToLogsOnError",
        ]
    }
}
