public import Kubernetes

/// Whether a Service can be intercepted at all, from its own fields.
public enum Preflight {
    /// What was found.
    public struct Findings: Sendable, Equatable {
        /// Reasons against it, the weightiest first.
        public var refusals: [Refusal] = []
        /// Who else writes the Service and may undo the intercept: the user is asked.
        public var doubts: [String] = []
        /// What the user should know and need not do anything about.
        public var notes: [String] = []

        /// The reason not to go on; with `force` only one that does not yield to it.
        public func refusal(force: Bool) -> Refusal? {
            self.refusals.first { !force || !$0.yieldsToForce }
        }
    }

    /// Looks at a Service.
    public static func check(_ service: Service) -> Findings {
        let name = "service/\(service.metadata.name)"
        var findings = Findings()
        func refuse(_ summary: String, _ hint: String, force: Bool = false) {
            findings.refusals.append(Refusal(summary, hint: hint, yieldsToForce: force))
        }

        if service.metadata.labels?[Key.session] != nil {
            refuse("\(name) is part of a tunnel itself", "name the Service that it belongs to")
        }
        if service.spec.type == "ExternalName" {
            refuse("\(name) is an ExternalName: it has no pods, only a DNS name", "intercept a Service with a selector")
        } else if service.selector.isEmpty {
            refuse("\(name) has no selector: its endpoints are kept by hand", "intercept a Service with a selector")
        }
        if let owner = Self.selectorOwner(of: service) {
            refuse(
                "\(name) belongs to \(owner), which rewrites its selector",
                "intercept a Service of your own that selects the same pods")
        }
        let ports = service.spec.ports ?? []
        if !ports.contains(where: \.isTCP) {
            refuse("\(name) has no TCP port", "only TCP can be intercepted")
        } else if let other = ports.first(where: { !$0.isTCP }) {
            refuse(
                "\(name) also serves \(other.protocol ?? "UDP") on port \(other.label), which nobody would answer meanwhile",
                "use --force to intercept its TCP ports all the same", force: true)
        }
        if service.isHeadless {
            refuse(
                "\(name) is headless: clients find pods by DNS and keep their addresses",
                "use --force if its clients look the name up for each connection", force: true)
        }
        if service.spec.internalTrafficPolicy == "Local" || service.spec.externalTrafficPolicy == "Local" {
            let side = service.spec.internalTrafficPolicy == "Local" ? "internalTrafficPolicy" : "externalTrafficPolicy"
            refuse(
                "\(name) has \(side) Local: nodes without the proxy would drop its traffic",
                "use --force if all its clients are on one node", force: true)
        }

        if let balancer = Self.podBalancer(of: service) {
            refuse(
                "\(balancer) sends to the pods of \(name) by their addresses, and follows a switch only after seconds",
                "use --force if its callers may fail meanwhile", force: true)
        }

        if let owner = Self.deployer(of: service) {
            findings.doubts.append("\(owner) manages \(name), and its next sync ends the intercept")
        }
        if let release = service.metadata.annotations?["meta.helm.sh/release-name"] {
            findings.notes.append("Helm release \(release) manages \(name): its next upgrade ends the intercept")
        }
        if service.spec.sessionAffinity == "ClientIP" {
            findings.notes.append("sessionAffinity ClientIP: after the intercept clients may land on another pod")
        }
        // The switch sets it, too.
        if service.spec.publishNotReadyAddresses == true, service.metadata.annotation(Key.publishesNotReady) == nil {
            findings.notes.append("publishNotReadyAddresses: traffic does not wait for pods to be ready")
        }
        return findings
    }

    /// The controller that writes this Service's selector, if there is one.
    private static func selectorOwner(of service: Service) -> String? {
        let annotations = service.metadata.annotations ?? [:]
        let owners = service.metadata.ownerReferences ?? []
        let isRollout =
            annotations["argo-rollouts.argoproj.io/managed-by-rollouts"] != nil
            || service.selector["rollouts-pod-template-hash"] != nil
        if isRollout { return "Argo Rollouts" }
        if owners.contains(where: { $0.apiVersion.hasPrefix("flagger.app/") }) { return "Flagger" }
        let isKnative =
            owners.contains { $0.apiVersion.contains("knative.dev/") }
            || service.metadata.labels?.keys.contains { $0.hasPrefix("serving.knative.dev/") } == true
        if isKnative { return "Knative" }
        if service.selector["pod-template-hash"] != nil { return "a rollout controller" }
        return nil
    }

    /// The load balancer outside the cluster that has pods as its targets, passing by kube-proxy, if the Service says so.
    private static func podBalancer(of service: Service) -> String? {
        let annotations = service.metadata.annotations ?? [:]
        let aws = "service.beta.kubernetes.io/aws-load-balancer-"
        if annotations["cloud.google.com/neg"] != nil || annotations["cloud.google.com/neg-status"] != nil {
            return "a load balancer of Google Cloud"
        }
        let isAWS =
            annotations[aws + "nlb-target-type"] == "ip" || annotations[aws + "type"] == "nlb-ip"
            || annotations["alb.ingress.kubernetes.io/target-type"] == "ip"
        return isAWS ? "a load balancer of AWS" : nil
    }

    /// The tool that applies this Service's manifest again and again, if it says so or has left its name on it.
    private static func deployer(of service: Service) -> String? {
        let annotations = service.metadata.annotations ?? [:]
        let labels = service.metadata.labels ?? [:]
        let writers = service.writers
        if annotations["argocd.argoproj.io/tracking-id"] != nil || writers.contains(where: { $0.hasPrefix("argocd") }) {
            return "Argo CD"
        }
        let isFlux =
            labels.keys.contains {
                $0.hasPrefix("kustomize.toolkit.fluxcd.io/") || $0.hasPrefix("helm.toolkit.fluxcd.io/")
            } || !writers.isDisjoint(with: ["kustomize-controller", "helm-controller"])
        return isFlux ? "Flux" : nil
    }
}
