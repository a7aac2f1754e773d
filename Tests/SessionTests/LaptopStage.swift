import Kubernetes
import Testing

@testable import Session

/// A session of the laptop without a laptop: facts in, orders kept, time as the test wants it.
struct LaptopStage {
    var session: LaptopSession
    var now = Duration.zero
    let service: Service

    init(isControlled: Bool = false, handsOver: Bool = false) throws {
        self.service = makeService()
        let plan = try PortPlan(self.service, [PortRequest("3000")!], allowLowPorts: true)
        self.session = LaptopSession(
            holder: holderA, service: self.service, plan: plan, isControlled: isControlled,
            handsOver: handsOver)
    }

    /// One that is set up: the Service leads to `pod-1`, through tunnel 1.
    static func serving(isControlled: Bool = false, handsOver: Bool = false) throws -> LaptopStage {
        var stage = try LaptopStage(isControlled: isControlled, handsOver: handsOver)
        _ = stage.take(.leaseAsked, .proxyReady(pod: "pod-1"), .tunnelUp(1, pod: "pod-1"), .connected, .checked)
        #expect(stage.take(.switchWritten(pod: "pod-1"), .switched(pod: "pod-1")) == [.report(.intercepting)])
        return stage
    }

    /// One that has lost its tunnel, and the answer to that.
    static func lost(afterSilence: Bool = false) throws -> (LaptopStage, [LaptopSession.Order]) {
        var stage = try LaptopStage.serving()
        let orders = stage.take(.tunnelClosed(1, reason: "reset", afterSilence: afterSilence))
        return (stage, orders)
    }

    /// One that comes to its end, where the Service is restored and the originals have it.
    static func draining(isControlled: Bool = false, handsOver: Bool = false) throws -> LaptopStage {
        var stage = try LaptopStage.serving(isControlled: isControlled, handsOver: handsOver)
        _ = stage.take(.interrupted, .workStopped, .restored(.restored))
        #expect(stage.take(.originalsReady).first == .drain)
        return stage
    }

    mutating func take(_ events: LaptopSession.Event...) -> [LaptopSession.Order] {
        events.flatMap { self.session.handle($0, now: self.now) }
    }

    /// The Service as the session has switched it.
    func switched() -> Service {
        var service = self.service
        let value = SessionNames(service: "web").selectorValue(for: sessionA)
        service.spec.selector = ["app": value, "tier": value]
        service.metadata.annotations = [Key.session: sessionA.description]
        return service
    }
}
