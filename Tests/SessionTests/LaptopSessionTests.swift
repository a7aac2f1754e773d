import Kubernetes
import Testing

@testable import Session

@Suite struct LaptopSessionTests {
    private let missing = RestoreCause.proxyMissing(holder: holderA.person)
    private let silent = RestoreCause.proxySilent(holder: holderA.person)
    private let ends = RestoreCause.proxyEnds(holder: holderA.person)

    @Test("a session is set up step by step, and says so when the Service leads to the proxy")
    func settingUp() throws {
        var stage = try LaptopStage()
        #expect(stage.take(.leaseAsked).isEmpty)
        #expect(stage.take(.proxyReady(pod: "pod-1")) == [.connect(pod: "pod-1", isFirst: true)])
        #expect(stage.take(.tunnelUp(1, pod: "pod-1")).isEmpty)
        #expect(stage.take(.connected) == [.check(pod: "pod-1", isFirst: true)])
        #expect(stage.take(.checked) == [.switchService(pod: "pod-1", isFirst: true)])
        #expect(stage.take(.switched(pod: "pod-1")) == [.report(.intercepting)])
    }

    @Test("what fails while it is set up ends it: before the Lease nothing is cleaned up, after it everything")
    func failures() throws {
        var early = try LaptopStage()
        #expect(early.take(.setUpFailed(Refusal("no"))) == [.stopWork])
        #expect(early.take(.workStopped).isEmpty)
        #expect(early.session.outcome == .cleanedUp)

        var others = try LaptopStage()
        #expect(others.take(.leaseAsked, .leaseGone, .setUpFailed(Refusal("held")), .workStopped) == [.stopWork])
        #expect(others.session.outcome == .cleanedUp)

        var late = try LaptopStage()
        _ = late.take(.leaseAsked, .proxyReady(pod: "pod-1"))
        #expect(late.take(.attemptFailed(Refusal("no"))) == [.stopWork])
        #expect(
            late.take(.workStopped)
                == [.report(.ending(isSwitched: false)), .end(.ended(holder: holderA.person), withOthers: false)])
    }

    @Test("a tunnel that is lost during the check ends the wait for its answer, without a word")
    func lostWhileChecking() throws {
        var stage = try LaptopStage()
        _ = stage.take(.leaseAsked, .proxyReady(pod: "pod-1"), .tunnelUp(1, pod: "pod-1"), .connected)
        #expect(stage.take(.tunnelClosed(1, reason: "reset", afterSilence: false)) == [.dropTunnel, .failCheck])
        #expect(stage.take(.attemptFailed(Refusal("the proxy did not answer"))) == [.stopWork])
    }

    @Test("one that is lost during the first switch is brought back behind it")
    func lostWhileSwitching() throws {
        var stage = try LaptopStage()
        _ = stage.take(.leaseAsked, .proxyReady(pod: "pod-1"), .tunnelUp(1, pod: "pod-1"), .connected, .checked)
        let lost = stage.take(.tunnelClosed(1, reason: "reset", afterSilence: true))
        #expect(lost == [.dropTunnel, .report(.linkLost(reason: "reset")), .failCheck])
        #expect(stage.take(.switched(pod: "pod-1")) == [.report(.intercepting), .look, .lookForSilence])
    }

    @Test("a lost tunnel is opened again, checked and switched to; older ones say nothing")
    func reconnecting() throws {
        var (stage, orders) = try LaptopStage.lost()
        #expect(orders == [.dropTunnel, .report(.linkLost(reason: "reset")), .look, .lookForSilence])
        #expect(stage.take(.looked(.ready(pod: "pod-2"))) == [.connect(pod: "pod-2", isFirst: false)])
        #expect(stage.take(.tunnelUp(2, pod: "pod-2"), .tunnelClosed(1, reason: "", afterSilence: false)).isEmpty)
        #expect(stage.take(.connected) == [.check(pod: "pod-2", isFirst: false)])
        #expect(stage.take(.checked) == [.switchService(pod: "pod-2", isFirst: false)])
        #expect(stage.take(.switched(pod: "pod-2")) == [.report(.linkBack)])
        // The proxy's silence is looked at no more.
        #expect(stage.take(.silenceLooked(nil)).isEmpty)
    }

    @Test("attempts that fail come ever more seldom, and keep a tunnel that is up")
    func pauses() throws {
        var (stage, _) = try LaptopStage.lost()
        var pauses: [Duration] = []
        for _ in 0..<6 {
            _ = stage.take(.looked(.ready(pod: "pod-1")))
            for case .pause(let pause) in stage.take(.attemptFailed(Refusal("no"))) { pauses.append(pause) }
            #expect(stage.take(.pauseOver) == [.look])
        }
        #expect(pauses == [200, 400, 800, 1000, 1000, 1000].map { .milliseconds($0) })
        _ = stage.take(.looked(.ready(pod: "pod-1")), .tunnelUp(2, pod: "pod-1"), .connected)
        _ = stage.take(.attemptFailed(Refusal("no")), .pauseOver)
        #expect(stage.take(.looked(.ready(pod: "pod-1"))) == [.check(pod: "pod-1", isFirst: false)])
        _ = stage.take(.attemptFailed(Refusal("no")), .pauseOver)
        #expect(
            stage.take(.looked(.ready(pod: "pod-2"))) == [.dropTunnel, .connect(pod: "pod-2", isFirst: false)])
    }

    @Test("without a ready proxy the Service goes back after 3 s, or 0.5 s beside a pod that ends")
    func notReady() throws {
        for (isAlone, limit) in [(true, Duration.seconds(3)), (false, .milliseconds(500))] {
            var (stage, _) = try LaptopStage.lost()
            stage.now = limit - .milliseconds(1)
            #expect(stage.take(.looked(.notReady(isAlone: isAlone))) == [.pause(.milliseconds(100))])
            stage.now = limit
            _ = stage.take(.pauseOver)
            let orders = stage.take(.looked(.notReady(isAlone: isAlone)))
            #expect(orders == [.restoreMeanwhile(self.missing), .pause(.milliseconds(100))])
            #expect(stage.take(.restoredMeanwhile(.restored)) == [.report(.restoredMeanwhile(self.missing))])
            // It is restored once.
            _ = stage.take(.pauseOver)
            #expect(stage.take(.looked(.notReady(isAlone: isAlone))) == [.pause(.milliseconds(100))])
        }
    }

    @Test("a restore that was not done is tried again")
    func restoreFails() throws {
        var (stage, _) = try LaptopStage.lost()
        stage.now = .seconds(3)
        _ = stage.take(.looked(.notReady(isAlone: true)), .restoredMeanwhile(nil), .pauseOver)
        #expect(stage.take(.looked(.notReady(isAlone: true))).first == .restoreMeanwhile(self.missing))
    }

    @Test("a proxy that goes on calling itself active is silent: the Service goes back although its pod is ready")
    func silence() throws {
        for (afterSilence, count) in [(false, 4), (true, 6)] {
            var (stage, _) = try LaptopStage.lost(afterSilence: afterSilence)
            _ = stage.take(.looked(.ready(pod: "pod-1")))
            var lease = makeLease(renewed: "1", annotations: [Key.state: SessionState.active.rawValue])
            lease.metadata.labels = [Key.service: "web"]
            for _ in 1..<count { #expect(stage.take(.silenceLooked(lease)) == [.lookForSilence]) }
            #expect(stage.take(.silenceLooked(lease)) == [.restoreMeanwhile(self.silent), .lookForSilence])
        }
    }

    @Test("nothing is switched while a restore is under way")
    func order() throws {
        var (stage, _) = try LaptopStage.lost()
        stage.now = .seconds(3)
        _ = stage.take(.looked(.notReady(isAlone: true)), .pauseOver, .looked(.ready(pod: "pod-2")))
        _ = stage.take(.tunnelUp(2, pod: "pod-2"))
        #expect(stage.take(.connected).isEmpty)
        #expect(
            stage.take(.restoredMeanwhile(.restored))
                == [.report(.restoredMeanwhile(self.missing)), .check(pod: "pod-2", isFirst: false)])
    }

    @Test("the Service leaves a pod that is being deleted, and no other one")
    func podDeleted() throws {
        var stage = try LaptopStage.serving()
        #expect(stage.take(.podDeleted("pod-0")).isEmpty)
        #expect(stage.take(.podDeleted("pod-1")) == [.restoreMeanwhile(self.ends)])
        #expect(stage.take(.podDeleted("pod-1")).isEmpty)
        #expect(stage.take(.restoredMeanwhile(.restored)) == [.report(.proxyEnds)])
        // Told once, although the proxy says so, too.
        #expect(stage.take(.proxyTerminates) == [.lookWhetherWanted])
    }

    @Test("a pod that is deleted while the Service is switched to another one is left only if that fails")
    func podDeletedWhileSwitching() throws {
        for (fails, orders) in [
            (false, [LaptopSession.Order.report(.linkBack)]), (true, [.restoreMeanwhile(self.ends)]),
        ] {
            var (stage, _) = try LaptopStage.lost()
            _ = stage.take(.looked(.ready(pod: "pod-2")), .tunnelUp(2, pod: "pod-2"), .connected, .checked)
            #expect(stage.take(.podDeleted("pod-1")).isEmpty)
            let last = stage.take(fails ? .attemptFailed(Refusal("no")) : .switched(pod: "pod-2")).last
            #expect([last] == orders)
        }
    }

    @Test("a new pod that is deleted while the Service is switched to it is left as soon as that is written")
    func newPodDeleted() throws {
        for isWritten in [true, false] {
            var (stage, _) = try LaptopStage.lost()
            _ = stage.take(.looked(.ready(pod: "pod-2")), .tunnelUp(2, pod: "pod-2"), .connected, .checked)
            let events: [LaptopSession.Event] = [.switchWritten(pod: "pod-2"), .podDeleted("pod-2")]
            #expect(stage.take(isWritten ? events[0] : events[1]).isEmpty)
            #expect(stage.take(isWritten ? events[1] : events[0]) == [.restoreMeanwhile(self.ends)])
        }
    }

    @Test("one that is deleted during the check is left first, and the check begins again")
    func podDeletedWhileChecking() throws {
        var (stage, _) = try LaptopStage.lost()
        _ = stage.take(.looked(.ready(pod: "pod-2")), .tunnelUp(2, pod: "pod-2"), .connected)
        #expect(stage.take(.podDeleted("pod-1")) == [.restoreMeanwhile(self.ends)])
        #expect(stage.take(.checked).isEmpty)
        #expect(stage.take(.restoredMeanwhile(.restored)).last == .check(pod: "pod-2", isFirst: false))
    }

    @Test("a controller may do later what it was asked for: the pod counts as left")
    func podDeletedControlled() throws {
        for (isControlled, again) in [(false, [LaptopSession.Order.restoreMeanwhile(self.ends)]), (true, [])] {
            var stage = try LaptopStage.serving(isControlled: isControlled)
            _ = stage.take(.podDeleted("pod-1"), .restoredMeanwhile(nil))
            #expect(stage.take(.podDeleted("pod-1")) == again)
        }
    }

    @Test(
        "a tunnel that does not answer while the API server does: the Service goes back, and comes when it answers again"
    )
    func suspect() throws {
        var stage = try LaptopStage.serving()
        #expect(stage.take(.tunnelSuspect) == [.lookAtAPI])
        #expect(stage.take(.apiLooked(false)) == [.lookAtAPI])
        #expect(stage.take(.apiLooked(true)) == [.restoreMeanwhile(self.silent)])
        #expect(stage.take(.restoredMeanwhile(.restored)) == [.report(.restoredMeanwhile(self.silent))])
        #expect(stage.take(.tunnelRecovered) == [.pause(.seconds(2))])
        #expect(stage.take(.pauseOver) == [.look])
        #expect(stage.take(.looked(.ready(pod: "pod-1"))) == [.check(pod: "pod-1", isFirst: false)])
        #expect(stage.take(.checked) == [.switchService(pod: "pod-1", isFirst: false)])
        #expect(stage.take(.switched(pod: "pod-1")) == [.report(.linkBack)])
    }

    @Test("one that answers before the API server does was only slow")
    func onlySlow() throws {
        var stage = try LaptopStage.serving()
        #expect(stage.take(.tunnelSuspect, .tunnelRecovered) == [.lookAtAPI])
        #expect(stage.take(.apiLooked(true)).isEmpty)
    }

    @Test("the Service does not swing: each time in a row it waits longer, until a minute was calm")
    func calm() throws {
        var stage = try LaptopStage.serving()
        var pauses: [LaptopSession.Order] = []
        for pause in [0, 1, 1, 1, 1, 1, 59, 60] {
            stage.now += .seconds(pause)
            _ = stage.take(.tunnelSuspect, .apiLooked(true), .restoredMeanwhile(.restored))
            pauses += stage.take(.tunnelRecovered)
            _ = stage.take(.pauseOver, .looked(.ready(pod: "pod-1")), .checked, .switched(pod: "pod-1"))
        }
        #expect(pauses == [2, 4, 8, 16, 30, 30, 30, 2].map { .pause(.seconds($0)) })
    }

    @Test("suspect again while it comes back, or gone for good")
    func suspectAgain() throws {
        var stage = try LaptopStage.serving()
        _ = stage.take(.tunnelSuspect, .apiLooked(true), .restoredMeanwhile(.restored), .tunnelRecovered)
        _ = stage.take(.pauseOver, .looked(.ready(pod: "pod-1")))
        #expect(stage.take(.tunnelSuspect, .checked).isEmpty)
        #expect(stage.take(.tunnelRecovered) == [.pause(.seconds(2))])
        _ = stage.take(.tunnelSuspect)
        #expect(stage.take(.pauseOver, .looked(.ready(pod: "pod-1"))) == [.look])
        #expect(
            stage.take(.tunnelClosed(1, reason: "dead", afterSilence: true))
                == [.dropTunnel, .report(.linkLost(reason: "dead")), .look, .lookForSilence])
    }
}
