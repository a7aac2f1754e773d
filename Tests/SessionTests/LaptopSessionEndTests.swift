import Kubernetes
import Testing

@testable import Session

@Suite struct LaptopSessionEndTests {
    private let ended = RestoreCause.ended(holder: holderA.person)

    @Test("the way back: work, Service, originals, connections, objects")
    func order() throws {
        var stage = try LaptopStage.serving()
        #expect(stage.take(.interrupted) == [.stopWork])
        #expect(stage.take(.workStopped) == [.report(.ending(isSwitched: true)), .end(self.ended, withOthers: false)])
        #expect(stage.take(.restored(.restored)) == [.report(.restored), .waitForOriginals])
        #expect(
            stage.take(.originalsReady) == [
                .drain, .wake(.lateConnections, after: .seconds(3)), .wake(.drainNotice, after: .seconds(5)),
                .wake(.drainLimit, after: .seconds(35)),
            ])
        #expect(stage.take(.woken(.drainNotice)) == [.report(.draining)])
        #expect(stage.take(.drained) == [.dropTunnel, .cleanUp(isDrained: true)])
        #expect(stage.session.outcome == nil)
        #expect(stage.take(.cleanedUp(true)) == [.report(.ended)])
        #expect(stage.session.outcome == .cleanedUp)
        #expect(stage.take(.interrupted, .drained, .woken(.drainLimit)).isEmpty)
    }

    @Test("who asked for the end is the cause on the Service")
    func causes() throws {
        for (event, cause) in [
            (LaptopSession.Event.endRequested(.stop(by: "bob")), RestoreCause.stopped(by: "bob")),
            (.endRequested(.takeOver(by: "bob")), .takenOver(by: "bob")), (.commandEnded(3), self.ended),
        ] {
            var stage = try LaptopStage.serving()
            #expect(stage.take(event, .workStopped).last == .end(cause, withOthers: false))
        }
    }

    @Test("a second Ctrl-C waits for nodes, and not for connections", arguments: [true, false])
    func skipped(isEarly: Bool) throws {
        var stage = try LaptopStage.draining()
        if isEarly {
            #expect(stage.take(.interrupted).isEmpty)
            #expect(stage.take(.woken(.lateConnections)) == [.dropTunnel, .cleanUp(isDrained: true)])
        } else {
            #expect(stage.take(.woken(.lateConnections)).isEmpty)
            #expect(stage.take(.interrupted) == [.dropTunnel, .cleanUp(isDrained: true)])
        }
    }

    @Test("a drain that takes too long, or loses its tunnel, is none")
    func notDrained() throws {
        for event in [
            LaptopSession.Event.woken(.drainLimit), .tunnelClosed(1, reason: "reset", afterSilence: false),
        ] {
            var stage = try LaptopStage.draining()
            #expect(stage.take(event).last == .cleanUp(isDrained: false))
        }
        // Without a tunnel there is nothing to ask; without a switch, nothing to wait for.
        var (lost, _) = try LaptopStage.lost()
        _ = lost.take(.interrupted, .workStopped, .restored(.untouched))
        #expect(lost.take(.originalsReady).last == .cleanUp(isDrained: false))
        var early = try LaptopStage()
        _ = early.take(.leaseAsked, .interrupted, .workStopped, .restored(.untouched))
        #expect(early.take(.originalsReady).last == .cleanUp(isDrained: true))
    }

    @Test("a Service that may lead to the proxy keeps it")
    func uncertain() throws {
        var stage = try LaptopStage.serving()
        _ = stage.take(.interrupted, .workStopped)
        #expect(
            stage.take(.restored(.selectorConflict(annotation: "app=a", origin: "app=b")))
                == [.report(.uncertain(annotation: "app=a", origin: "app=b")), .dropTunnel])
        #expect(stage.session.outcome == .unfinished)

        var away = try LaptopStage.serving()
        _ = away.take(.interrupted, .workStopped)
        #expect(away.take(.restored(nil)) == [.dropTunnel])
        #expect(away.session.outcome == .unfinished)
    }

    @Test("where the controller is away the proxy is asked; Ctrl-C does not wait for it")
    func controllerAway() throws {
        var stage = try LaptopStage.serving(isControlled: true)
        _ = stage.take(.interrupted, .workStopped)
        #expect(stage.take(.restored(nil)) == [.report(.askingProxy), .askProxyToEnd])
        #expect(stage.take(.interrupted) == [.stopAsking])
        #expect(stage.take(.proxyAnswered(false)) == [.dropTunnel, .report(.proxyNotDone)])
        #expect(stage.session.outcome == .unfinished)

        var late = try LaptopStage.draining(isControlled: true)
        _ = late.take(.drained)
        #expect(late.take(.cleanedUp(false)) == [.report(.askingProxy), .askProxyToEnd])
        #expect(late.take(.proxyAnswered(true)) == [.dropTunnel, .report(.ended)])
        #expect(late.session.outcome == .cleanedUp)

        var early = try LaptopStage(isControlled: true)
        _ = early.take(.leaseAsked, .interrupted, .workStopped)
        #expect(early.take(.restored(nil)) == [.report(.leftToController)])
    }

    @Test("while others have the tunnel, its end is this laptop's connections and its Lease")
    func leave() throws {
        var stage = try LaptopStage.serving()
        _ = stage.take(.entered(tunnel: sessionB, lease: "tunnel-web.1", service: stage.service))
        #expect(stage.take(.interrupted, .workStopped).last == .end(self.ended, withOthers: false))
        let orders = stage.take(.restored(.shared))
        #expect(orders.prefix(2) == [.report(.leaving), .leave])
        #expect(stage.take(.laptopDrained(passing: 3)) == [.dropTunnel, .deleteLease])
        #expect(stage.take(.cleanedUp(true)) == [.report(.left)])
        #expect(stage.session.outcome == .cleanedUp)

        // A second Ctrl-C, and a tunnel that is gone, do not wait.
        for event in [LaptopSession.Event.interrupted, .tunnelClosed(1, reason: "reset", afterSilence: false)] {
            var hurried = try LaptopStage.serving()
            _ = hurried.take(.interrupted, .workStopped, .restored(.shared))
            #expect(hurried.take(event) == [.dropTunnel, .deleteLease])
        }
    }

    @Test("a tunnel that has lost an object, or does not serve a port, ends for everybody")
    func endsForAll() throws {
        var lost = try LaptopStage.serving()
        _ = lost.take(.inspected(.object("deployment/kt-1"), .unknown, originIsBack: false))
        #expect(lost.take(.workStopped).last == .end(self.ended, withOthers: true))
        var joined = try LaptopStage()
        _ = joined.take(.leaseAsked, .entered(tunnel: sessionB, lease: "tunnel-web.1", service: joined.service))
        _ = joined.take(.setUpFailed(Refusal("no")))
        #expect(joined.take(.workStopped).last == .end(self.ended, withOthers: false))

        var changed = try LaptopStage.serving()
        var service = changed.switched()
        service.spec.ports?.append(Service.Port(name: "more", protocol: "TCP", port: 81, targetPort: .int(81)))
        let read = LaptopSession.ServiceRead(
            writes: changed.session.writes, service: .read(service), lease: makeLease(renewed: "1"), isShared: true)
        _ = changed.take(.serviceRead(read))
        #expect(changed.take(.workStopped).last == .end(self.ended, withOthers: true))
    }

    @Test("a restore by another client together with the marks is told on the Service")
    func displaced() throws {
        var stage = try LaptopStage.serving()
        let read = LaptopSession.ServiceRead(
            writes: stage.session.writes, service: .read(makeService()), lease: makeLease(renewed: "1"), isShared: false
        )
        _ = stage.take(.serviceRead(read), .workStopped)
        #expect(stage.take(.restored(.untouched)) == [.report(.displaced), .waitForOriginals])
    }

    @Test("what was under way and still answers while the session ends begins nothing, and is not forgotten")
    func late() throws {
        var stage = try LaptopStage()
        _ = stage.take(.leaseAsked, .proxyReady(pod: "pod-1"))
        #expect(stage.take(.interrupted) == [.stopWork])
        #expect(stage.take(.tunnelUp(1, pod: "pod-1"), .connected, .setUpFailed(Refusal("no"))).isEmpty)
        _ = stage.take(.workStopped, .restored(.untouched))
        // The tunnel came up after all: the proxy is there to drain.
        #expect(stage.take(.originalsReady).first == .drain)
    }

    @Test("what passes through is left to the proxy, once the laptop has nothing to do with it")
    func handedOver() throws {
        var stage = try LaptopStage.draining(handsOver: true)
        #expect(stage.take(.laptopDrained(passing: 0)).isEmpty)
        #expect(stage.take(.laptopDrained(passing: 2)) == [.handOver])
        #expect(stage.take(.woken(.lateConnections), .interrupted).isEmpty)
        #expect(stage.take(.handedOver(true)) == [.dropTunnel, .report(.handedOver)])
        #expect(stage.session.outcome == .handedOver)
    }

    @Test("a proxy that is not told drains as always, and one that has drained meanwhile is cleaned up")
    func notHandedOver() throws {
        var waiting = try LaptopStage.draining(handsOver: true)
        _ = waiting.take(.laptopDrained(passing: 1))
        #expect(waiting.take(.handedOver(false)).isEmpty)
        #expect(waiting.take(.drained).last == .cleanUp(isDrained: true))
        var drained = try LaptopStage.draining(handsOver: true)
        _ = drained.take(.laptopDrained(passing: 1), .drained)
        #expect(drained.take(.handedOver(false)).last == .cleanUp(isDrained: true))
        var lost = try LaptopStage.draining(handsOver: true)
        _ = lost.take(.laptopDrained(passing: 1), .tunnelClosed(1, reason: "reset", afterSilence: false))
        #expect(lost.take(.handedOver(false)).last == .cleanUp(isDrained: false))
        var late = try LaptopStage.draining(handsOver: true)
        _ = late.take(.laptopDrained(passing: 1), .woken(.drainLimit))
        #expect(late.take(.handedOver(false)).last == .cleanUp(isDrained: false))
    }

    @Test("nothing is left to a proxy that cannot delete, or where the user said not to wait, or something went wrong")
    func neverHandedOver() throws {
        var without = try LaptopStage.draining()
        #expect(without.take(.laptopDrained(passing: 1)).isEmpty)
        var hasty = try LaptopStage.draining(handsOver: true)
        #expect(hasty.take(.interrupted, .laptopDrained(passing: 1)).isEmpty)
        #expect(hasty.take(.woken(.lateConnections)).last == .cleanUp(isDrained: true))
        for event in [
            LaptopSession.Event.inspected(.object("serviceaccount/kt-1"), .unknown, originIsBack: false),
            .endRequested(.takeOver(by: "bob")),
        ] {
            var wrong = try LaptopStage.serving(handsOver: true)
            _ = wrong.take(event, .workStopped, .restored(.restored), .originalsReady)
            #expect(wrong.take(.laptopDrained(passing: 1)).isEmpty)
        }
    }
}
