import Kubernetes
import Session
import Testing

@Suite struct PreflightTests {
    private func refusal(force: Bool = false, _ change: (inout Service) -> Void) -> Refusal? {
        var service = makeService()
        change(&service)
        return Preflight.check(service).refusal(force: force)
    }

    @Test("an ordinary Service is fine")
    func ordinary() { #expect(refusal { _ in } == nil) }

    @Test("what can never be intercepted is refused, forced or not")
    func hard() {
        let changes: [(inout Service) -> Void] = [
            { $0.spec.selector = nil },
            { $0.spec.type = "ExternalName" },
            { $0.spec.ports = [Service.Port(name: nil, protocol: "UDP", port: 53, targetPort: nil)] },
            { $0.metadata.annotations = ["argo-rollouts.argoproj.io/managed-by-rollouts": "web"] },
            { $0.spec.selector?["pod-template-hash"] = "1" },
            { $0.metadata.labels = ["serving.knative.dev/service": "web"] },
            { $0.metadata.labels = [Key.session: "x"] },
            {
                $0.metadata.ownerReferences = [
                    OwnerReference(apiVersion: "flagger.app/v1beta1", kind: "Canary", name: "web", uid: "u")
                ]
            },
        ]
        for change in changes { #expect(refusal(force: true, change) != nil) }
    }

    @Test("what is only risky yields to --force")
    func soft() {
        let changes: [(inout Service) -> Void] = [
            { $0.spec.clusterIP = "None" },
            { $0.spec.externalTrafficPolicy = "Local" },
            { $0.spec.internalTrafficPolicy = "Local" },
            { $0.spec.ports?.append(Service.Port(name: "dns", protocol: "UDP", port: 53, targetPort: nil)) },
        ]
        for change in changes {
            #expect(refusal(change) != nil)
            #expect(refusal(force: true, change) == nil)
        }
    }

    @Test(
        "a load balancer that targets pods yields to --force only",
        arguments: [
            ("cloud.google.com/neg", #"{"ingress":true}"#), ("cloud.google.com/neg-status", "{}"),
            ("service.beta.kubernetes.io/aws-load-balancer-nlb-target-type", "ip"),
            ("service.beta.kubernetes.io/aws-load-balancer-type", "nlb-ip"),
            ("alb.ingress.kubernetes.io/target-type", "ip"),
        ])
    func podBalancers(annotation: String, value: String) {
        #expect(refusal { $0.metadata.annotations = [annotation: value] } != nil)
        #expect(refusal(force: true) { $0.metadata.annotations = [annotation: value] } == nil)
        #expect(refusal { $0.metadata.annotations = [annotation: "instance"] } == nil || annotation.hasPrefix("cloud"))
    }

    @Test("notes do not stop anybody")
    func notes() {
        var service = makeService()
        service.spec.sessionAffinity = "ClientIP"
        service.spec.publishNotReadyAddresses = true
        let findings = Preflight.check(service)
        #expect(findings.notes.count == 2)
        #expect(findings.refusals.isEmpty)
        // What the switch wrote is none of the Service's own.
        service.metadata.annotations = [Key.publishesNotReady: ""]
        #expect(Preflight.check(service).notes.count == 1)
    }

    @Test(
        "who applies the Service again is told before the switch: what syncs by itself is asked about",
        arguments: [
            ("argocd.argoproj.io/tracking-id", "web", "", "Argo CD"), ("", "", "argocd-controller", "Argo CD"),
            ("", "", "kustomize-controller", "Flux"), ("", "", "helm-controller", "Flux"),
        ])
    func deployers(annotation: String, value: String, manager: String, name: String) {
        var service = makeService(managedFields: [["manager": .string(manager)]])
        service.metadata.annotations = [annotation: value]
        #expect(Preflight.check(service).doubts.map { $0.hasPrefix(name) } == [true])
    }

    @Test("a Helm release is a note: an upgrade is another client's own doing")
    func helm() {
        let findings = Preflight.check(makeService(annotations: ["meta.helm.sh/release-name": "shop"]))
        #expect(findings.doubts.isEmpty)
        #expect(findings.notes.map { $0.contains("Helm release shop") } == [true])
    }

    @Test("the nearest names")
    func nearest() {
        #expect(NearNames.nearest(to: "wbe", among: ["web", "api", "db"]) == ["web"])
        #expect(NearNames.nearest(to: "orders", among: ["shop-orders", "web"]) == ["shop-orders"])
        #expect(NearNames.nearest(to: "zzzz", among: ["web"]) == [])
        #expect(NearNames.nearest(to: "", among: ["web"]).count <= 3)
    }

    @Test(
        "a kubectl that is too old is refused, one that cannot be told is not",
        arguments: [
            ("v1.23.17", true), ("v1.24.0", false), ("v1.32.4-dispatcher", false), ("v1.37.1", false),
            ("v0.0.0-master+$Format:%H$", false), ("of an unknown version", false),
        ])
    func kubectl(version: String, isRefused: Bool) {
        #expect((KubectlVersion(version).refusal != nil) == isRefused)
    }

    @Test("a port says by appProtocol, or by its name, that its requests cannot be read")
    func unread() {
        func said(_ name: String?, _ appProtocol: String? = nil) -> String? {
            var port = Service.Port(name: name, protocol: nil, port: 80, targetPort: nil)
            port.appProtocol = appProtocol
            return port.unreadProtocol
        }
        #expect(said(nil) == nil && said("http-web") == nil && said("web") == nil && said("grpc", "http") == nil)
        #expect(said("grpc-web") == nil && said("http2") == nil && said("web", "kubernetes.io/h2c") == nil)
        #expect(said("https") == "https" && said("web", "kubernetes.io/wss") == "kubernetes.io/wss")
    }
}
