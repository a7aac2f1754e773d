import Kubernetes
import Session
import Testing

/// A tiny JSON Patch: what the API server does with ours, for the members that they touch.
private func apply(_ patch: JSONPatch, to service: Service) -> Service? {
    var service = service
    for operation in patch.operations {
        let annotation = (service.metadata.annotations ?? [:]).keys.first { JSONPatch.annotation($0) == operation.path }
        switch (operation.op, operation.path) {
        case ("test", "/metadata/uid"): if operation.value != .string(service.metadata.uid!) { return nil }
        case ("test", "/spec/selector"): if operation.value != JSONValue(service.selector) { return nil }
        case ("replace", "/metadata/resourceVersion"):
            if operation.value != .string(service.metadata.resourceVersion!) { return nil }
        case ("replace", "/spec/selector"):
            guard case .object(let members)? = operation.value else { return nil }
            service.spec.selector = members.compactMapValues(\.text)
        case ("add", "/metadata/annotations"): service.metadata.annotations = [:]
        case ("add", "/spec/publishNotReadyAddresses"): service.spec.publishNotReadyAddresses = true
        case ("remove", "/spec/publishNotReadyAddresses"): service.spec.publishNotReadyAddresses = nil
        case ("add", let path):
            let name = [Key.session, Key.originalSelector, Key.publishesNotReady].first {
                JSONPatch.annotation($0) == path
            }
            service.metadata.annotations?[name!] = operation.value!.text
        case ("test", _):
            if annotation.flatMap({ service.metadata.annotations?[$0] }) != operation.value?.text { return nil }
        case ("remove", _): service.metadata.annotations?[annotation!] = nil
        default: return nil
        }
    }
    return service
}

private func switched(_ service: Service, by session: SessionID = sessionA, publishNotReady: Bool = true) -> Service {
    let names = SessionNames(service: service.metadata.name)
    return apply(
        SwitchPatch.make(service, tunnel: session, names: names, publishNotReady: publishNotReady), to: service)!
}

private func origin(of service: Service, session: SessionID = sessionA) -> Service {
    var origin = makeService(name: "origin", selector: service.selector)
    origin.metadata.annotations = [Key.session: session.description]
    return origin
}

@Suite struct RestoreTests {
    @Test("the switch keeps the selector's keys and gives them one value of ours")
    func sameKeys() {
        let after = switched(makeService())
        #expect(Set(after.selector.keys) == ["app", "tier"])
        #expect(Set(after.selector.values) == [SessionNames(service: "web").selectorValue(for: sessionA)])
        #expect(after.spec.publishNotReadyAddresses == true)
        #expect(switched(makeService(), publishNotReady: false).spec.publishNotReadyAddresses == nil)
    }

    @Test("a restored Service is what it was", arguments: [nil, [:], ["team": "a/b~c"]])
    func roundTrip(annotations: [String: String]?) {
        let before = makeService(annotations: annotations)
        let after = switched(before)
        guard case .restore(let patch) = Restore.decide(after, tunnel: sessionA, origin: origin(of: before)) else {
            Issue.record("not restored")
            return
        }
        let restored = apply(patch, to: after)!
        #expect(restored.spec == before.spec)
        #expect(restored.metadata.annotations ?? [:] == annotations ?? [:])
        #expect(Restore.decide(restored, tunnel: sessionA, origin: nil) == .nothing)
    }

    @Test("publishNotReadyAddresses that was there stays")
    func ownPublishNotReady() {
        var before = makeService()
        before.spec.publishNotReadyAddresses = true
        let after = switched(before)
        guard case .restore(let patch) = Restore.decide(after, tunnel: sessionA, origin: nil) else {
            Issue.record("not restored")
            return
        }
        #expect(apply(patch, to: after)!.spec == before.spec)
    }

    @Test("pods that end are kept by a second patch, which a restore undoes too")
    func keepEndingPods() {
        let before = makeService()
        let after = switched(before, publishNotReady: false)
        #expect(SwitchPatch.keepEndingPods(before, tunnel: sessionA) == nil)
        #expect(SwitchPatch.keepEndingPods(after, tunnel: sessionB) == nil)
        let kept = apply(SwitchPatch.keepEndingPods(after, tunnel: sessionA)!, to: after)!
        #expect(kept.spec.publishNotReadyAddresses == true)
        #expect(SwitchPatch.keepEndingPods(kept, tunnel: sessionA) == nil)
        guard case .restore(let patch) = Restore.decide(kept, tunnel: sessionA, origin: nil) else {
            Issue.record("not restored")
            return
        }
        #expect(apply(patch, to: kept)!.spec == before.spec)
    }

    @Test("another session's Service is left alone")
    func fencing() {
        let after = switched(makeService(), by: sessionB)
        #expect(Restore.decide(after, tunnel: sessionA, origin: nil) == .nothing)
    }

    @Test("a helper Service of a session is nothing that could be restored")
    func helper() {
        let helper = makeService(
            annotations: [Key.session: sessionA.description], labels: [Key.session: sessionA.description])
        #expect(Restore.decide(helper, tunnel: sessionA, origin: nil) == .nothing)
    }

    @Test("where the copies of the selector differ, only a person's choice is written")
    func choice() {
        let before = makeService()
        let after = switched(before)
        var other = origin(of: before)
        other.spec.selector = ["app": "other"]
        guard case .selectorConflict = Restore.decide(after, tunnel: sessionA, origin: other) else {
            Issue.record("the copies differ")
            return
        }
        guard case .restore(let patch) = Restore.decide(after, tunnel: sessionA, origin: other, chosen: ["app": "web"])
        else {
            Issue.record("not restored")
            return
        }
        #expect(apply(patch, to: after)?.selector == ["app": "web"])
    }

    @Test("another client's selector stays, and only our marks go")
    func displaced() {
        var after = switched(makeService())
        after.spec.selector = ["app": "web", "tier": "be"]
        guard case .clearMarks(let patch) = Restore.decide(after, tunnel: sessionA, origin: nil) else {
            Issue.record("not cleared")
            return
        }
        let cleared = apply(patch, to: after)!
        #expect(cleared.selector == ["app": "web", "tier": "be"])
        #expect(cleared.metadata.annotations == [:])
        #expect(cleared.spec.publishNotReadyAddresses == nil)
    }

    @Test("two copies that differ are not decided here")
    func selectorConflict() {
        let before = makeService()
        var kept = origin(of: before)
        kept.spec.selector = ["app": "other"]
        guard case .selectorConflict = Restore.decide(switched(before), tunnel: sessionA, origin: kept) else {
            Issue.record("decided")
            return
        }
        kept.metadata.annotations = [Key.session: sessionB.description]
        guard case .restore = Restore.decide(switched(before), tunnel: sessionA, origin: kept) else {
            Issue.record("another session's copy counted")
            return
        }
    }

    @Test("a lost annotation is made good by the origin Service")
    func lostAnnotation() {
        let before = makeService()
        var after = switched(before)
        after.metadata.annotations?[Key.originalSelector] = nil
        guard case .restore(let patch) = Restore.decide(after, tunnel: sessionA, origin: origin(of: before)) else {
            Issue.record("not restored")
            return
        }
        #expect(apply(patch, to: after)!.selector == before.selector)
        guard case .selectorConflict = Restore.decide(after, tunnel: sessionA, origin: nil) else {
            Issue.record("restored from nothing")
            return
        }
    }

    @Test("managedFields go back as they were, unless another client wrote meanwhile")
    func managedFields() {
        let apply: JSONValue = ["manager": "kubectl", "operation": "Apply"]
        let ours: JSONValue = ["manager": "kubectl-tunnel", "operation": "Update"]
        let other: JSONValue = ["manager": "helm", "operation": "Update"]
        func wanted(_ present: JSONValue, _ saved: JSONValue?) -> JSONValue? {
            Restore.managedFields(of: makeService(managedFields: present), saved: saved)?.operations.last?.value
        }
        #expect(wanted([apply, ours], [apply]) == [apply])
        #expect(wanted([other, ours, apply], [apply]) == [other, apply])
        #expect(wanted([other, ours, apply], [apply, other]) == [apply, other])
        #expect(wanted([apply], [apply]) == nil)
        // The switch takes the selector from an entry of a server-side apply: who wrote it, and when, stays.
        let whole: JSONValue = ["manager": "kubectl", "time": "1", "fieldsV1": ["f:spec": ["f:selector": [:]]]]
        let robbed: JSONValue = ["manager": "kubectl", "time": "1", "fieldsV1": ["f:spec": [:]]]
        let later: JSONValue = ["manager": "kubectl", "time": "2", "fieldsV1": ["f:spec": [:]]]
        #expect(wanted([robbed, ours], [whole]) == [whole])
        #expect(wanted([later, ours], [whole]) == [later])
        #expect(wanted([ours], nil) == [])
        // An entry that has nothing else goes altogether; one that has more was taken away by another client.
        let bare: JSONValue = ["manager": "helm", "time": "1", "fieldsV1": ["f:spec": ["f:selector": ["f:app": [:]]]]]
        let more: JSONValue = [
            "manager": "helm", "time": "1", "fieldsV1": ["f:spec": ["f:selector": [:], "f:type": [:]]],
        ]
        let labels: JSONValue = [
            "manager": "helm", "time": "1", "fieldsV1": ["f:spec": ["f:selector": [:]], "f:metadata": [:]],
        ]
        #expect(wanted([robbed, ours], [whole, bare]) == [whole, bare])
        #expect(wanted([later, ours], [whole, bare]) == [later])
        #expect(wanted([robbed, ours], [whole, more]) == [robbed])
        #expect(wanted([robbed, ours], [whole, labels]) == [robbed])
    }
}
