import Kubernetes
import Requests
import Testing

@testable import Session

@Suite struct ControllerConfigurationTests {
    private let version = ServerVersion(gitVersion: "v1.30.0", major: "1", minor: "30")
    private let configuration = ControllerConfiguration(
        namespace: "shop", services: ["web", "api"], image: "image:1", imagePullSecret: "registry")

    private func lease(
        of service: Service, ports: String = "80:3000", change: (inout Lease) -> Void = { _ in }
    ) throws -> Lease {
        var lease = try self.prepared(service).lease(time: "now")
        lease.metadata.annotations?[Key.ports] = ports
        change(&lease)
        return lease
    }

    /// The session as its plugin prepares it.
    private func prepared(_ service: Service) throws -> SessionObjects {
        SessionObjects(
            service: service, namespace: "shop", holder: holderA, publicKey: "5a", image: "theirs:2",
            imagePullSecret: nil,
            leaseDurationSeconds: 30,
            plan: try PortPlan(service, [PortRequest("3000")!], allowLowPorts: true), failsafe: .ownRole,
            usesBetaSlices: false, grantsEvents: true)
    }

    private func refusal(_ lease: Lease, _ service: Service, origin: Service? = nil) -> String? {
        do throws(Refusal) {
            _ = try configuration.objects(for: lease, service: service, origin: origin, on: version)
            return nil
        } catch {
            return error.summary
        }
    }

    @Test("a mirror is one for the controller and its proxy, and one that knows of none finds no port for it")
    func mirror() throws {
        let service = makeService()
        var prepared = try self.prepared(service)
        prepared.isMirror = true
        let lease = prepared.lease(time: "now")
        #expect(lease.metadata.annotation(Key.ports) == nil && lease.isMirror)
        let objects = try configuration.objects(for: lease, service: service, origin: nil, on: version)
        #expect(objects.isMirror && objects.plan.summary == "80:3000")
        let text = objects.deployment(originHost: "10.0.0.1").canonicalText
        #expect(text.contains(#"\"mirrored\":[80]"#) && !text.contains("localPort"), "\(text)")
    }

    @Test("Service, ports and holder are the Lease's; image, pull secret and account are the admin's")
    func objects() throws {
        let service = makeService()
        let objects = try configuration.objects(for: try lease(of: service), service: service, origin: nil, on: version)
        #expect(objects.holder == holderA)
        #expect(objects.plan.summary == "80:3000")
        #expect((objects.image, objects.imagePullSecret) == ("image:1", "registry"))
        #expect(objects.failsafe == .installedAccount && !objects.grantsEvents && !objects.usesBetaSlices)
        #expect(objects.rule == nil && objects.tellsCaller)
        var asked = try self.prepared(service)
        (asked.rule, asked.tellsCaller) = (try RequestRule(text: "header:x-user=alice"), false)
        let other = try configuration.objects(
            for: asked.lease(time: "now"), service: service, origin: nil, on: version)
        #expect(other.rule == asked.rule && !other.tellsCaller)
    }

    @Test("in the middle of a session the Service is as the session found it, which the origin Service keeps")
    func middle() throws {
        let fields: JSONValue = [["manager": "kubectl", "operation": "Update"]]
        let found = makeService(managedFields: fields)
        var origin = found
        origin.metadata.name = SessionNames(service: "web").origin
        origin.metadata.annotations = [
            Key.session: sessionA.description, Key.originalManagedFields: fields.canonicalText,
        ]
        var switched = found
        switched.spec.selector = found.selector.mapValues { _ in
            SessionNames(service: "web").selectorValue(for: sessionA)
        }
        switched.metadata.annotations = [
            Key.session: sessionA.description, Key.originalSelector: JSONValue(found.selector).canonicalText,
        ]
        switched.metadata.managedFields = [
            ["manager": "kubectl", "operation": "Update"], ["manager": "kubectl-tunnel", "operation": "Update"],
        ]
        for origin in [origin, nil] {
            let objects = try configuration.objects(
                for: try lease(of: found), service: switched, origin: origin, on: version)
            #expect(objects.service.selector == found.selector)
            #expect(objects.service.spec.ports == found.spec.ports)
            #expect(objects.service.metadata.managedFields == fields)
        }
    }

    @Test("what a Lease asks for and may not is refused")
    func refusals() throws {
        let (service, other) = (makeService(), makeService(name: "secret-store"))
        #expect(refusal(try lease(of: other), other)?.contains("is not among those") == true)
        #expect(refusal(try lease(of: makeService(name: "api")), service)?.contains("is not that of a session") == true)
        #expect(refusal(try lease(of: service) { $0.spec.leaseDurationSeconds = 86_400 }, service) != nil)
        #expect(refusal(try lease(of: service) { $0.metadata.name = "tunnel-api" }, service) != nil)
        #expect(refusal(try lease(of: service) { $0.metadata.annotations?[Key.version] = "1" }, service) != nil)
        #expect(refusal(try lease(of: service) { $0.metadata.annotations?[Key.serviceUID] = "old" }, service) != nil)
        #expect(refusal(try lease(of: service, ports: "81:3000"), service) != nil)
        #expect(refusal(try lease(of: service, ports: "80:3000:1 x"), service) != nil)
        #expect(refusal(try lease(of: service, ports: ""), service) != nil)
        let theirs = makeService(annotations: [Key.session: sessionB.description])
        #expect(refusal(try lease(of: service), theirs)?.contains("by a session that is dead") == true)
        let bare = makeService(selector: nil)
        #expect(refusal(try lease(of: service), bare)?.contains("has no selector") == true)
    }

    @Test(
        "the controller's Role has no right on Secrets and Roles, and its people's none on Secrets, nor to change a Service or a workload"
    )
    func rules() throws {
        let installation = ControllerInstallation(configuration: configuration, grantsEvents: true)
        func rights(_ role: JSONValue) -> [String: Set<String>] {
            guard case .array(let rules)? = role["rules"] else { return [:] }
            var rights: [String: Set<String>] = [:]
            for rule in rules {
                guard case .array(let verbs)? = rule["verbs"], case .array(let resources)? = rule["resources"] else {
                    continue
                }
                rights[resources[0].text ?? "", default: []].formUnion(verbs.compactMap(\.text))
            }
            return rights
        }
        let controller = rights(installation.role())
        #expect(controller["secrets"] == nil && controller["roles"] == nil && controller["pods"] == ["list"])
        let people = rights(installation.userRole())
        for resource in ["services", "pods"] { #expect(people[resource] == ["get", "list", "watch"]) }
        #expect(people["deployments"] == ["get", "watch"])
        #expect(people["secrets"] == nil && people["roles"] == nil)
        var named = configuration
        named.services = ["web"]
        let role = ControllerInstallation(configuration: named, grantsEvents: true).role()
        let rules: [JSONValue] = if case .array(let rules)? = role["rules"] { rules } else { [] }
        #expect(!rules.isEmpty)
        for rule in rules where rule["resourceNames"] == nil {
            guard case .array(let verbs)? = rule["verbs"] else { continue }
            #expect(!verbs.contains("patch") && !verbs.contains("delete"), "\(rule)")
        }
        let spec = try #require(installation.deployment()["spec"]?["template"]?["spec"])
        try expectRestricted(spec)
        #expect(ControllerConfiguration(json: configuration.json) == configuration)
    }
}
