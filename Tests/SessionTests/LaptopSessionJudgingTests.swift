import Kubernetes
import Testing

@testable import Session

@Suite struct LaptopSessionJudgingTests {
    private func read(
        _ stage: LaptopStage, _ service: Service?, lease: Lease? = makeLease(renewed: "1"), writes: Int? = nil
    ) -> LaptopSession.Event {
        .serviceRead(
            .init(writes: writes ?? stage.session.writes, service: .read(service), lease: lease, isShared: false))
    }

    private func end(_ stage: LaptopStage) -> String {
        switch stage.session.end {
        case .displaced(let what): "displaced: \(what)"
        case .failed(let error): "failed: \(error)"
        case .requested(let request): "requested: \(request.text)"
        case .asked, .commandEnded, nil: "-"
        }
    }

    @Test("a watch is not believed: what it shows is read first")
    func watch() throws {
        var stage = try LaptopStage.serving()
        #expect(stage.take(.serviceSeen(stage.switched())).isEmpty)
        let writes = stage.session.writes
        #expect(stage.take(.serviceSeen(stage.service)) == [.readService(writes: writes)])
        #expect(stage.take(self.read(stage, stage.switched())).isEmpty)
        #expect(stage.take(.serviceRead(.init(writes: writes, service: .unknown, lease: nil, isShared: false))).isEmpty)
    }

    @Test("what was read before the session's own write is read again")
    func stale() throws {
        var stage = try LaptopStage.serving()
        let before = stage.session.writes
        _ = stage.take(.podDeleted("pod-1"))
        let after = stage.session.writes
        #expect(after > before)
        #expect(stage.take(self.read(stage, stage.service, writes: before)) == [.readService(writes: after)])
        // The session's own restore.
        #expect(stage.take(self.read(stage, stage.service)).isEmpty)
    }

    @Test("another client always wins, and the reason is told")
    func reasons() throws {
        var other = makeService(selector: ["app": "new"])
        other.metadata.uid = "uid-1"
        var terminating = makeLease(renewed: "1", annotations: [Key.state: SessionState.terminating.rawValue])
        terminating.metadata.labels = [Key.service: "web"]
        var expired = terminating
        expired.metadata.annotations = [Key.state: SessionState.expired.rawValue]
        let stopped = makeLease(renewed: "1", annotations: [Key.stopRequestedBy: "bob@desk"])
        var marked = try LaptopStage.serving().switched()
        marked.spec.selector = ["app": "new"]
        var successor = makeService()
        successor.metadata.uid = "uid-2"
        let cases: [(Service?, Lease?, String)] = [
            (nil, nil, "displaced: service/web was deleted"),
            (successor, nil, "displaced: service/web was deleted and created again: the new one was left as it is"),
            (marked, nil, "displaced: another client changed the selector of service/web: it was left as it is"),
            (other, makeLease(renewed: "1"), "displaced: another client replaced service/web: it was left as it is"),
            (
                makeService(), makeLease(renewed: "1"),
                "displaced: another client replaced service/web: it was left as it is"
            ),
            (makeService(), terminating, "-"),
            (makeService(), expired, "failed: the session has ended: lease/tunnel-web expired"),
            (makeService(), nil, "failed: the session has ended: lease/tunnel-web was deleted"),
            (makeService(), stopped, "requested: stopped by bob@desk"),
        ]
        for (service, lease, expected) in cases {
            var stage = try LaptopStage.serving()
            let orders = stage.take(self.read(stage, service, lease: lease))
            #expect(self.end(stage) == expected)
            #expect(orders == (expected == "-" ? [] : [.stopWork]))
        }
    }

    @Test("what is gone is told by its first cause: the Service, then the origin Service, then itself")
    func causes() throws {
        let object = LaptopSession.Loss.object("secret/kt-1-session")
        let origin = SessionNames(service: "web").origin
        let cases: [(LaptopSession.Loss, LaptopSession.ServiceLook, Bool, String)] = [
            (object, .read(nil), true, "displaced: service/web was deleted"),
            (object, .read(makeService()), true, "failed: the session has ended: service/\(origin) was deleted"),
            (object, .unknown, false, "failed: the session has ended: secret/kt-1-session was deleted"),
            (.lease("lease/tunnel-web was deleted"), .read(nil), false, "displaced: service/web was deleted"),
            (
                .lease("lease/tunnel-web was deleted"), .unknown, false,
                "failed: the session has ended: lease/tunnel-web was deleted"
            ),
        ]
        for (loss, service, originIsBack, expected) in cases {
            var stage = try LaptopStage.serving()
            #expect(stage.take(.lost(loss)) == [.inspect(loss)])
            #expect(stage.take(.inspected(loss, service, originIsBack: originIsBack)) == [.stopWork])
            #expect(self.end(stage) == expected)
        }
    }

    @Test("a Service that a colleague's plugin has restored is switched again by a laptop that has the proxy")
    func restoredByColleague() throws {
        let entry: JSONValue = ["manager": "kubectl", "operation": "Update", "time": "1"]
        let ours: JSONValue = ["manager": .string(KubernetesClient.fieldManager), "operation": "Update", "time": "2"]
        var stage = try LaptopStage.serving()
        var switched = stage.switched()
        switched.metadata.managedFields = [entry, ours]
        #expect(stage.take(.serviceSeen(switched)).isEmpty)
        func read(_ managers: JSONValue, isShared: Bool) -> LaptopSession.Event {
            let service = makeService(managedFields: managers)
            return .serviceRead(
                .init(
                    writes: stage.session.writes, service: .read(service), lease: makeLease(renewed: "1"),
                    isShared: isShared))
        }
        var alone = stage
        #expect(alone.take(read([entry], isShared: false)) == [.stopWork])
        var replaced = stage
        let other: JSONValue = ["manager": "kubectl", "operation": "Update", "time": "3"]
        #expect(replaced.take(read([other], isShared: true)) == [.stopWork])

        // The proxy that ends has restored it, and would be switched to as long as its process lives.
        var terminating = stage
        let lease = makeLease(renewed: "1", annotations: [Key.state: SessionState.terminating.rawValue])
        let restored = LaptopSession.ServiceRead(
            writes: stage.session.writes, service: .read(makeService(managedFields: [entry])), lease: lease,
            isShared: true)
        #expect(terminating.take(.serviceRead(restored)).isEmpty)
        #expect(stage.take(read([entry], isShared: true)) == [.look])
        // Connections may still be in the tunnel to a pod that ends.
        #expect(stage.take(.looked(.ready(pod: "pod-2"))) == [.pause(.seconds(1))])
        #expect(stage.take(.pauseOver) == [.look])
        #expect(stage.take(.looked(.ready(pod: "pod-1"))) == [.check(pod: "pod-1", isFirst: false)])
        #expect(stage.take(.checked) == [.switchService(pod: "pod-1", isFirst: false)])
        _ = stage.take(.switchWritten(pod: "pod-1"))
        #expect(stage.take(.switched(pod: "pod-1")) == [.report(.linkBack)])
    }
}
