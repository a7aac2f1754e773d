import FaultBench
import Kubernetes
import Testing

@testable import Session

/// Walks by chance: orders are answered in any order with any answer, facts come at any time. What must hold, holds.
@Suite struct LaptopSessionWalkTests {
    private struct Walk {
        var stage: LaptopStage
        var random: SeededGenerator
        var open: [LaptopSession.Order] = []
        var tunnels = 0
        var isStopped = false
        var restores = 0
        var isRestored = false

        mutating func take(_ event: LaptopSession.Event) {
            for order in self.stage.take(event) {
                switch order {
                case .stopWork: self.isStopped = true
                case .connect, .look, .pause, .restoreMeanwhile:
                    #expect(!self.isStopped, "\(order) while it ends")
                case .check, .switchService:
                    #expect(!self.isStopped, "\(order) while it ends")
                    #expect(!self.open.contains { if case .restoreMeanwhile = $0 { true } else { false } })
                case .end: self.restores += 1
                case .cleanUp: #expect(self.isRestored, "cleaned up before the Service was restored")
                default: break
                }
                switch order {
                case .failCheck, .dropTunnel, .report, .drain, .stopAsking, .lookWhetherWanted: break
                default: self.open.append(order)
                }
            }
        }

        mutating func answer() {
            guard !self.open.isEmpty else { return }
            let order = self.open.remove(at: Int.random(in: 0..<self.open.count, using: &self.random))
            let fails = Int.random(in: 0..<4, using: &self.random) == 0
            let failure = LaptopSession.Event.attemptFailed(Refusal("no"))
            switch order {
            case .connect(let pod, _):
                guard !fails else { return self.take(failure) }
                self.tunnels += 1
                self.take(.tunnelUp(self.tunnels, pod: pod))
                self.take(.connected)
            case .check: self.take(fails ? failure : .checked)
            case .switchService(let pod, _):
                if !fails || Bool.random(using: &self.random) { self.take(.switchWritten(pod: pod)) }
                self.take(fails ? failure : .switched(pod: pod))
            case .look:
                self.take(.looked(fails ? .notReady(isAlone: Bool.random(using: &self.random)) : .ready(pod: "pod-2")))
            case .pause: self.take(.pauseOver)
            case .lookForSilence:
                var lease = makeLease(renewed: "1", annotations: [Key.state: SessionState.active.rawValue])
                lease.metadata.labels = [Key.service: "web"]
                self.take(.silenceLooked(fails ? nil : lease))
            case .lookAtAPI: self.take(.apiLooked(!fails))
            case .restoreMeanwhile: self.take(.restoredMeanwhile(fails ? nil : .restored))
            case .readService(let writes):
                self.take(
                    .serviceRead(
                        .init(writes: writes, service: .read(self.stage.switched()), lease: nil, isShared: false)))
            case .inspect(let loss): self.take(.inspected(loss, .unknown, originIsBack: false))
            case .stopWork:
                // Whatever was under way is over before.
                self.open.removeAll { if case .wake = $0 { false } else { true } }
                self.take(.workStopped)
            case .end:
                self.isRestored = !fails
                self.take(.restored(fails ? nil : .restored))
            case .waitForOriginals: self.take(.originalsReady)
            case .wake(let timer, _): self.take(.woken(timer))
            case .handOver: self.take(.handedOver(!fails))
            case .cleanUp, .deleteLease: self.take(.cleanedUp(!fails))
            case .leave: self.take(.laptopDrained(passing: 0))
            case .askProxyToEnd: self.take(.proxyAnswered(!fails))
            case .failCheck, .dropTunnel, .report, .drain, .stopAsking, .lookWhetherWanted: break
            }
        }

        mutating func fact() {
            switch Int.random(in: 0..<40, using: &self.random) {
            case 0..<8:
                self.take(.tunnelClosed(self.tunnels, reason: "reset", afterSilence: Bool.random(using: &self.random)))
            case 8..<14: self.take(.podDeleted("pod-\(Int.random(in: 1...2, using: &self.random))"))
            case 14..<20: self.take(.serviceSeen(self.stage.service))
            case 20..<24: self.take(.proxyTerminates)
            case 24: self.take(.interrupted)
            case 25: self.take(.lost(.object("deployment/kt-1")))
            case 26: self.take(.endRequested(.stop(by: "bob")))
            case 27: self.take(Bool.random(using: &self.random) ? .drained : .laptopDrained(passing: 1))
            case 28..<30: self.take(.tunnelSuspect)
            case 30..<32: self.take(.tunnelRecovered)
            default: self.stage.now += .milliseconds(Int.random(in: 0..<900, using: &self.random))
            }
        }
    }

    @Test("no walk loses its way: each ends, restores once, and cleans up behind it")
    func walks() throws {
        for seed in 0..<2000 {
            var walk = Walk(
                stage: try LaptopStage(isControlled: seed.isMultiple(of: 3), handsOver: seed.isMultiple(of: 2)),
                random: SeededGenerator(seed: UInt64(seed)))
            walk.take(.leaseAsked)
            walk.take(.proxyReady(pod: "pod-1"))
            for _ in 0..<200 where walk.stage.session.outcome == nil {
                if Bool.random(using: &walk.random) { walk.answer() } else { walk.fact() }
            }
            walk.take(.interrupted)
            for _ in 0..<200 where walk.stage.session.outcome == nil {
                #expect(!walk.open.isEmpty, "seed \(seed): nothing is under way, and it has not ended")
                walk.answer()
            }
            #expect(walk.stage.session.outcome != nil, "seed \(seed) does not end")
            #expect(walk.restores == 1, "seed \(seed): restored \(walk.restores) times at the end")
        }
    }
}
