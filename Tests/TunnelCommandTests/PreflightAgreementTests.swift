import InMemoryAPI
import Kubernetes
import PluginConsole
import Session
import Testing

@testable import kubectl_tunnel

/// `doctor` and `intercept` go by the same look: what one calls an error ends the other, in the same words.
@Suite struct PreflightAgreementTests {
    /// Something that is in the way of an intercept.
    struct Obstacle: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var spec = CommandStage.spec()
        var annotations: [String: JSONValue] = [:]
        var says: String
        var hint: String?
        /// What goes on in spite of it.
        var flag: Finding.Override?
        var stage: @Sendable (CommandStage) -> Void = { _ in }
    }

    private static let http: JSONValue = ["name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"]

    static let obstacles = [
        Obstacle(
            testDescription: "no selector", spec: CommandStage.spec(["selector": [:]]),
            says: "service/web has no selector"),
        Obstacle(
            testDescription: "ExternalName", spec: ["type": "ExternalName", "externalName": "shop.example"],
            says: "service/web is an ExternalName"),
        Obstacle(
            testDescription: "UDP only", spec: CommandStage.spec(ports: [["port": 53, "protocol": "UDP"]]),
            says: "service/web has no TCP port"),
        Obstacle(
            testDescription: "TCP and UDP",
            spec: CommandStage.spec(ports: [http, ["name": "dns", "port": 53, "protocol": "UDP"]]),
            says: "service/web also serves UDP on port dns (53)", hint: "--force", flag: .force),
        Obstacle(
            testDescription: "headless", spec: CommandStage.spec(["clusterIP": "None"]),
            says: "service/web is headless", hint: "--force", flag: .force),
        Obstacle(
            testDescription: "externalTrafficPolicy Local",
            spec: CommandStage.spec(["type": "NodePort", "externalTrafficPolicy": "Local"]),
            says: "service/web has externalTrafficPolicy Local", hint: "--force", flag: .force),
        Obstacle(
            testDescription: "Argo Rollouts", annotations: ["argo-rollouts.argoproj.io/managed-by-rollouts": "web"],
            says: "service/web belongs to Argo Rollouts"),
        Obstacle(
            testDescription: "a load balancer that targets pods", annotations: ["cloud.google.com/neg": "{}"],
            says: "a load balancer of Google Cloud sends to the pods of service/web", flag: .force),
        Obstacle(
            testDescription: "target port below 1024 on an old server",
            spec: CommandStage.spec(ports: [["port": 80, "targetPort": 80, "protocol": "TCP"]]),
            says: "service/web port 80 has target port 80", hint: "--force", flag: .force,
            stage: { $0.api.set(minor: "20") }),
        Obstacle(testDescription: "an old server", says: "v1.19.0 is too old", stage: { $0.api.set(minor: "19") }),
        Obstacle(
            testDescription: "no right to patch Services", says: "you may not patch services in namespace shop",
            hint: "kubectl tunnel install -n shop --user-role", stage: { $0.api.forbid("patch services") }),
        Obstacle(
            testDescription: "a controller that is not ready", says: "the controller in namespace shop is not ready",
            stage: {
                $0.api.forbid("patch services")
                $0.addPod("controller-1", labels: [Key.component: "controller"], isReady: false)
            }),
        Obstacle(
            testDescription: "a controller that does not have this Service",
            says: "service/web is not among those that may be intercepted in namespace shop",
            stage: {
                $0.api.forbid("patch services", "create roles")
                $0.addPod("controller-1", labels: [Key.component: "controller"])
            }),
        Obstacle(
            testDescription: "nobody could restore",
            says: "nobody in the cluster could restore service/web if this machine disappeared",
            hint: "kubectl tunnel install -n shop --services web", flag: .noFailsafe,
            stage: { $0.api.forbid("create roles") }),
        Obstacle(
            testDescription: "rights that cannot be seen", says: "cannot look at rights: ",
            stage: { stage in
                stage.api.add(Fault(.answer(status: 503, body: ""), times: 99) { $0.path.hasSuffix("reviews") })
            }),
        Obstacle(
            testDescription: "a failsafe that cannot be seen", says: "cannot look at failsafe: ",
            stage: { stage in
                stage.api.add(
                    Fault(.answer(status: 503, body: ""), times: 99) { request in
                        request.body.map { String(decoding: $0, as: UTF8.self).contains("\"roles\"") } ?? false
                    })
            }),
        Obstacle(
            testDescription: "pods that cannot be seen", says: "cannot look at pods: ",
            stage: { $0.api.add(Fault(.answer(status: 503, body: ""), times: 99) { $0.path == CommandStage.pods }) }),
        Obstacle(
            testDescription: "a mesh", says: "the pods of service/web have a sidecar of Istio", flag: .force,
            stage: { $0.addPod("web-2", container: "istio-proxy") }),
        Obstacle(
            testDescription: "a policy that keeps callers out",
            says: "networkpolicy/closed would keep callers of service/web out of the proxy",
            hint: "--network-policy", flag: .force,
            stage: {
                for (name, selector, rules) in [("closed", [:], []), ("web", ["matchLabels": ["app": "web"]], [[:]])]
                    as [(JSONValue, JSONValue, JSONValue)]
                {
                    $0.api.put(
                        [
                            "metadata": ["name": name],
                            "spec": ["podSelector": selector, "policyTypes": ["Ingress"], "ingress": rules],
                        ], in: "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies")
                }
            }),
        Obstacle(
            testDescription: "reading is forbidden", says: "cannot read service/web in namespace shop: not for you",
            hint: "ask an admin",
            stage: {
                let body = #"{"kind":"Status","reason":"Forbidden","message":"not for you","code":403}"#
                $0.api.add(
                    Fault(.answer(status: 403, body: body), times: 9) { $0.path == "\(CommandStage.services)/web" })
            }),
    ]

    private func stage(_ obstacle: Obstacle) -> CommandStage {
        let stage = CommandStage(
            spec: obstacle.spec,
            metadata: obstacle.annotations.isEmpty ? [:] : ["annotations": .object(obstacle.annotations)])
        obstacle.stage(stage)
        return stage
    }

    @Test(
        "what doctor calls an error ends an intercept, in the same words, and nothing is written", arguments: obstacles)
    func obstacle(_ obstacle: Obstacle) async throws {
        let stage = stage(obstacle)
        let before = stage.api.paths
        let error = try #require(try await stage.doctor().first { $0.level == .error })
        #expect(error.text.hasPrefix(obstacle.says), "\(error)")
        #expect(obstacle.hint.map { error.remedy?.contains($0) == true } ?? true, "\(error)")
        #expect(error.yieldsTo == obstacle.flag)
        let refusal = await #expect(throws: PluginFailure.self) { try await stage.intercept() }
        #expect(refusal == PluginFailure(error))
        #expect(stage.api.paths == before)
    }

    @Test(
        "the flag that an error names goes on in spite of it, and no other does",
        arguments: obstacles.filter { $0.flag != nil })
    func overridden(_ obstacle: Obstacle) async throws {
        let stage = stage(obstacle)
        let ports = obstacle.testDescription == "TCP and UDP" ? "3000:http" : "3000"
        try await stage.intercept(ports) {
            $0.isForced = obstacle.flag == .force
            $0.mayLackFailsafe = obstacle.flag == .noFailsafe
        }
        await #expect(throws: PluginFailure.self) {
            try await stage.intercept(ports) {
                $0.isForced = obstacle.flag != .force
                $0.mayLackFailsafe = obstacle.flag != .noFailsafe
            }
        }
    }

    @Test("where nothing is in the way, doctor has no error and intercept begins")
    func clear() async throws {
        let stage = CommandStage()
        let findings = try await stage.doctor()
        #expect(findings.allSatisfy { $0.level == .ok }, "\(findings)")
        let prepared = try await stage.intercept()
        #expect(prepared.objects.failsafe == .ownRole)
        #expect(!prepared.isControlled)
    }

    @Test("an old kubectl is an error of both")
    func oldKubectl() async throws {
        var stage = CommandStage()
        stage.kubectlVersion = "v1.22.3"
        let error = try #require(try await stage.doctor().first { $0.level == .error })
        #expect(error.text == "kubectl v1.22.3 is too old")
        let refusal = await #expect(throws: PluginFailure.self) { try await stage.intercept() }
        #expect(refusal == PluginFailure(error))
    }

    @Test("a namespace that is not there is said to be so")
    func noNamespace() async throws {
        let stage = CommandStage()
        stage.api.remove("\(CommandStage.services)/web")
        stage.api.remove("/api/v1/namespaces/shop")
        let refusal = await #expect(throws: PluginFailure.self) { try await stage.intercept() }
        #expect(refusal?.summary == "there is no namespace shop")
    }

    @Test("an autoscaler of the original pods is a note, and no reason to refuse")
    func autoscaler() async throws {
        let stage = CommandStage()
        let owner: JSONValue = ["apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d9", "uid": "u"]
        stage.addPod("web-2", labels: ["app": "web", "pod-template-hash": "5d9"], owner: owner)
        for name in ["other", "web"] {
            stage.api.put(
                [
                    "metadata": ["name": .string("hpa-\(name)")],
                    "spec": ["scaleTargetRef": ["kind": "Deployment", "name": .string(name)]],
                ], in: "/apis/autoscaling/v1/namespaces/shop/horizontalpodautoscalers")
        }
        let notes = try await stage.doctor().filter { $0.level != .ok }
        #expect(notes.map(\.text) == ["hpa/hpa-web may scale the original pods down: their traffic comes here"])
        try await stage.intercept()
    }

    @Test(
        "words that do not fit the Service are refused with its ports",
        arguments: [
            ("3000:metrics", "service/web has no port metrics", "its ports are http (80), old (8000)"),
            ("3000", "service/web has 2 ports: say which one goes to 3000", "--port 3000:http"),
            ("3000:http 3001:old", "service/web ports 80 and 8000 have one target port", "local port"),
        ])
    func ports(words: String, says: String, hint: String) async throws {
        let old: JSONValue = ["name": "old", "port": 8000, "targetPort": 8080, "protocol": "TCP"]
        let stage = CommandStage(spec: CommandStage.spec(ports: [Self.http, old]))
        let refusal = await #expect(throws: PluginFailure.self) { try await stage.intercept(words) }
        #expect(refusal?.summary.hasPrefix(says) == true, "\(String(describing: refusal))")
        #expect(refusal?.hint?.contains(hint) == true, "\(String(describing: refusal))")
    }
}
