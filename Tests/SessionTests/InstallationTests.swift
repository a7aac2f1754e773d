import Kubernetes
import Testing

@testable import Session

@Suite struct InstallationTests {
    private func account(_ services: [String]?) -> ObjectMeta {
        let installation = Installation(namespace: "shop", services: services, grantsEvents: true)
        return ObjectMeta(
            name: Installation.name, labels: Installation.labels,
            annotations: [Key.services: installation.scope, Key.version: SessionObjects.protocolVersion])
    }

    @Test("an account is for the Services that were named, or for all; one that another client made is for none")
    func covers() {
        #expect(Installation.covers("web", account: self.account(nil)))
        #expect(Installation.covers("web", account: self.account(["web", "api"])))
        #expect(!Installation.covers("we", account: self.account(["web", "api"])))
        #expect(!Installation.covers("web", account: ObjectMeta(name: Installation.name)))
        // What an earlier version has prepared lacks rights.
        var old = self.account(nil)
        old.annotations?[Key.version] = "2"
        #expect(!Installation.covers("web", account: old))
    }

    @Test("another installation adds its Services, and all of them stay all")
    func adding() {
        func sum(_ services: [String]?, to account: ObjectMeta?) -> [String]? {
            Installation(namespace: "shop", services: services, grantsEvents: true).adding(to: account).services
        }
        #expect(sum(["web"], to: nil) == ["web"])
        #expect(sum(["web"], to: ObjectMeta(name: Installation.name)) == ["web"])
        #expect(sum(["web"], to: self.account(["api", "web"])) == ["api", "web"])
        #expect(sum(["web"], to: self.account(nil)) == nil)
        #expect(sum(nil, to: self.account(["api"])) == nil)
    }

    @Test("what is taken out has to be there, and the last one takes all away")
    func removing() throws {
        func rest(_ names: [String], _ services: [String]?) throws -> [String]? {
            try Installation.removing(names, from: self.account(services), in: "shop", grantsEvents: true)?.services
        }
        #expect(try rest(["web"], ["api", "web"]) == ["api"])
        #expect(try rest(["web", "api"], ["api", "web"]) == nil)
        #expect(throws: Refusal.self) { try rest(["db"], ["api", "web"]) }
        #expect(throws: Refusal.self) { try rest(["web"], nil) }
    }

    @Test("the Role names each object, and never an account; for all Services it names none")
    func rules() {
        func rules(_ services: [String]?) -> [JSONValue] {
            let role = Installation(namespace: "shop", services: services, grantsEvents: false).role()
            guard case .array(let rules)? = role["rules"] else { return [] }
            return rules
        }
        for services in [nil, ["web", "api"]] {
            #expect(rules(services).allSatisfy { $0["resources"] != ["serviceaccounts"] })
        }
        #expect(rules(["web", "api"]).first?["resourceNames"] == ["api", "web"])
        #expect(rules(nil).allSatisfy { $0["resourceNames"] == nil })
    }
}
