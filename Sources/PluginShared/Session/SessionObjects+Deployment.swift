public import Kubernetes

extension SessionObjects {
    /// The proxy's Deployment. Its pod passes PodSecurity *restricted*.
    ///
    /// - Parameter originHost: The origin Service's address.
    public func deployment(originHost: String) -> JSONValue {
        let configuration = self.configuration(originHost: originHost)
        return self.object(
            "apps/v1", "Deployment", named: self.names.deployment, component: "proxy",
            annotations: [Key.originAddress: originHost],
            with: RestrictedPod.deployment(
                labels: self.podLabels, session: self.tunnel,
                annotations: RestrictedPod.metrics(port: self.plan.metricsPort), spec: self.podSpec(configuration)))
    }

    /// A pod like the proxy's, for a dry run: what quota, pod security and webhooks say of it. The session's own account
    /// does not exist yet.
    public func podForDryRun() -> JSONValue {
        let configuration = self.configuration(originHost: "")
        return [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": [
                "name": .string("\(self.names.deployment)-dry-run"), "namespace": .string(self.namespace),
                "labels": JSONValue(self.podLabels),
                "annotations": JSONValue(RestrictedPod.noMesh(self.tunnel)),
            ],
            "spec": self.podSpec(configuration, account: self.failsafe == .installedAccount ? nil : "default"),
        ]
    }

    /// The labels of the proxy's pod: the switched selector's, and our own where the two do not meet.
    public var podLabels: [String: String] {
        let value = self.names.selectorValue(for: self.tunnel)
        return self.labels(component: "proxy")
            .merging(self.service.selector.mapValues { _ in value }) { _, selected in selected }
    }

    /// How long a proxy pod may take to end, in seconds: restore, and a drain of 30.
    static let terminationGraceSeconds: Int64 = 45
    private func podSpec(_ configuration: ProxyConfiguration, account other: String? = nil) -> JSONValue {
        let account =
            switch self.failsafe {
            case .ownRole: self.names.account
            case .installedAccount: Installation.name
            case .pluginOnly: "default"
            }
        return RestrictedPod.spec(
            self.container(configuration),
            account: RestrictedPod.Account(name: other ?? account, isMounted: self.failsafe != .pluginOnly),
            imagePullSecret: self.imagePullSecret, terminationGraceSeconds: Self.terminationGraceSeconds,
            awayFrom: ControllerInstallation.labels,
            sysctls: self.plan.needsLowPorts
                ? [["name": "net.ipv4.ip_unprivileged_port_start", "value": "0"]] : [])
    }

    private func configuration(originHost: String) -> ProxyConfiguration {
        var configuration = ProxyConfiguration(
            namespace: self.namespace, service: self.service.metadata.name, holder: self.holder.description,
            publicKey: self.publicKey, rule: self.rule, tellsCaller: self.tellsCaller,
            leaseDurationSeconds: self.leaseDurationSeconds, listeners: self.plan.listeners, originHost: originHost,
            tunnelPort: self.plan.tunnelPort, metricsPort: self.plan.metricsPort,
            restores: self.failsafe != .pluginOnly,
            usesBetaSlices: self.usesBetaSlices)
        if self.isMirror { configuration.takeAsMirrored() }
        return configuration
    }

    private func container(_ configuration: ProxyConfiguration) -> JSONValue {
        let ports = self.plan.listeners.map { listener -> JSONValue in
            var members: [String: JSONValue] = [
                "containerPort": .integer(Int64(listener.listenPort)), "protocol": "TCP",
            ]
            if let name = listener.portName { members["name"] = .string(name) }
            return .object(members)
        }
        return RestrictedPod.container(
            named: "proxy", image: self.image,
            environment: [["name": .string(ProxyConfiguration.variable), "value": .string(configuration.json)]],
            ports: ports)
    }
}
