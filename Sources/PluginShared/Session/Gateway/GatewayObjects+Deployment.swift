public import Kubernetes

extension GatewayObjects {
    /// How long the gateway's pod may take to end, in seconds: nothing is drained.
    private static let terminationGraceSeconds: Int64 = 5

    /// The gateway's Deployment. Its pod passes PodSecurity *restricted*.
    ///
    /// - Parameter accountUID: The account's, where there is one.
    public func deployment(accountUID: String?) -> JSONValue {
        let account = RestrictedPod.Account(
            name: self.mayCleanUp ? self.names.account : "default", isMounted: self.mayCleanUp)
        let spec = RestrictedPod.spec(
            self.container, account: account, imagePullSecret: self.imagePullSecret,
            terminationGraceSeconds: Self.terminationGraceSeconds)
        return self.object(
            "apps/v1", "Deployment", named: self.names.deployment, owner: accountUID.map(self.accountOwner),
            with: RestrictedPod.deployment(
                labels: self.labels(component: "gateway"), session: self.holder.session, spec: spec))
    }

    private var container: JSONValue {
        RestrictedPod.container(
            named: "gateway", image: self.image,
            environment: [
                ["name": .string(GatewayConfiguration.variable), "value": .string(self.configuration.json)],
                [
                    "name": .string(GatewayConfiguration.nodeVariable),
                    "valueFrom": ["fieldRef": ["fieldPath": "status.hostIP"]],
                ],
            ],
            ports: [])
    }
}
