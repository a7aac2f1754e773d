import FaultBench
import Testing

/// Each invariant has histories that must turn it red, and what looks like them and is allowed.
@Suite struct CheckerTests {
    private func invariants(_ history: History) -> Set<Invariant> {
        Set(Checker.violations(in: history).map(\.invariant))
    }

    private func changed(_ history: History, _ change: (inout History) -> Void) -> History {
        var history = history
        change(&history)
        return history
    }

    @Test("a good history has no violation, and neither has one with a plugin that was killed")
    func good() {
        #expect(Checker.violations(in: goodHistory()) == [])
        #expect(Checker.violations(in: killedHistory()) == [])
    }

    @Test(
        "I1: a request that fails although nothing allows it; one of which nobody has heard is the kernel's",
        arguments: [
            ("reset", false), ("no answer within 10 s", false),
            ("no answer: the kernel did not translate the Service's address", true),
        ])
    func failedRequest(error: String, isAllowed: Bool) {
        let failure = History.Request(start: 10.05, end: 20, ok: false, who: nil, error: error)
        let history = changed(goodHistory()) { $0.requests.append(failure) }
        #expect(invariants(history) == (isAllowed ? [] : [.i1]))
    }

    @Test(
        "I1: in-flight requests may fail when the plugin is killed, later ones may not",
        arguments: [
            (49.9, 50.2, "connection-per-request", true), (50.5, 50.6, "connection-per-request", false),
            (51, 51.1, "keep-alive-pool", true), (52.5, 52.6, "keep-alive-pool", false),
            (48, 51.4, "stream", true), (45, 49, "stream", false),
        ])
    func inFlight(start: Double, end: Double, mode: String, isAllowed: Bool) {
        let failure = History.Request(start: start, end: end, mode: mode, ok: false, who: nil, error: "reset")
        let history = changed(killedHistory()) { $0.requests.append(failure) }
        #expect(invariants(history) == (isAllowed ? [] : [.i1]))
    }

    @Test(
        "I1: a tunnel that a fault made unsteady may break requests again, one that is lost by itself may not",
        arguments: [(FaultKind?.some(.kubeletKill), true), (nil, false), (.linkDelay, false)])
    func cut(kind: FaultKind?, isAllowed: Bool) {
        let history = changed(goodHistory()) {
            $0.faults += kind.map { [History.Fault($0, begin: 11, end: 12, settled: 18)] } ?? []
            $0.sessions[0].linkLosses = [17]
            $0.requests.append(History.Request(start: 16, end: 17, ok: false, who: nil, error: "reset"))
        }
        #expect(invariants(history) == (isAllowed ? [] : [.i1]))
    }

    @Test(
        "I1: without the way to the originals a tunnel that breaks at the same time may refuse, later it may not",
        arguments: [(11.0, true), (16, false)])
    func disarmed(at time: Double, isAllowed: Bool) {
        let history = changed(goodHistory()) {
            $0.faults += [
                History.Fault(.deleteOrigin, begin: 10.5, settled: 20),
                History.Fault(.forwardKill, begin: time - 0.2, settled: 20),
            ]
            $0.requests.append(History.Request(start: time + 0.3, end: time + 0.5, ok: false, who: nil, error: "reset"))
        }
        #expect(invariants(history) == (isAllowed ? [] : [.i1]))
    }

    @Test(
        "I1: a second signal may break what is open, when nodes have followed; the first may not",
        arguments: [(true, 22.1, true), (true, 26.4, true), (true, 26.7, false), (false, 22.1, false)])
    func secondSignal(isSecond: Bool, end: Double, isAllowed: Bool) {
        let history = changed(goodHistory()) {
            if isSecond { $0.faults.append(History.Fault(.terminate, begin: 22, settled: 30)) }
            $0.requests.append(History.Request(start: 19, end: end, ok: false, who: nil, error: "reset"))
        }
        #expect(invariants(history) == (isAllowed ? [] : [.i1]))
    }

    @Test(
        "I1: so does a signal to a session that says it ends, whatever is said of faults; not to one that ends by it",
        arguments: [("failed", "the account was deleted", true), ("ending", "interrupted: restoring", false)])
    func signalWhileEnding(event: String, message: String, isAllowed: Bool) {
        let history = changed(goodHistory()) {
            $0.sessions[0].said = #"{"at":15.9,"event":"\#(event)","message":"\#(message)"}"#
            $0.requests.append(History.Request(start: 19, end: 20, ok: false, who: nil, error: "reset"))
        }
        #expect(invariants(history) == (isAllowed ? [] : [.i1]))
    }

    @Test(
        "I1: a pod that is deleted beside one that still ends may leave the Service empty, for a moment",
        arguments: [
            (FaultKind.deletePod, 0.2, "", true), (.deletePod, 1.2, "", false), (.linkDelay, 0.2, "", false),
            (.deletePod, 0.2, #""publishNotReadyAddresses": true"#, false),
        ])
    func bare(earlier: FaultKind, seconds: Double, text: String, isAllowed: Bool) {
        let history = changed(goodHistory()) {
            $0.services[1].text = text
            // Both leave the Service with the original pods for a while.
            $0.faults += [
                History.Fault(earlier, begin: 9, settled: 11),
                History.Fault(.deleteDeployment, begin: 17.8, settled: 30),
            ]
            $0.endpoints += [
                History.EndpointState(time: 18, ready: 0), History.EndpointState(time: 18 + seconds, ready: 2),
            ]
            $0.requests.append(History.Request(start: 18.1, end: 18.1, ok: false, who: nil, error: "refused"))
        }
        #expect(invariants(history) == (isAllowed ? [] : [.i1]))
    }

    @Test("I1: a killed proxy may refuse for 3 s", arguments: [(62.0, true), (64, false)])
    func refused(start: Double, isAllowed: Bool) {
        let history = changed(goodHistory()) {
            $0.faults.append(History.Fault(.proxyKill, begin: 60, settled: 65))
            $0.requests.append(History.Request(start: start, end: start, ok: false, who: nil, error: "refused"))
        }
        #expect(invariants(history) == (isAllowed ? [] : [.i1]))
    }

    @Test("I1: the 3 s begin again when an API server that was away is back", arguments: [(70.0, true), (72, false)])
    func refusedWithoutServer(start: Double, isAllowed: Bool) {
        let history = changed(goodHistory()) {
            $0.faults += [
                History.Fault(.proxyKill, begin: 60, settled: 75),
                History.Fault(.serverKill, begin: 62, end: 68, settled: 75),
            ]
            $0.requests.append(History.Request(start: start, end: start, ok: false, who: nil, error: "refused"))
        }
        #expect(invariants(history) == (isAllowed ? [] : [.i1]))
    }

    @Test("I11: a session gets over a fault in 45 s without others", arguments: [(100.0, true), (20, false)])
    func recovery(outage: Double, isAllowed: Bool) {
        let history = changed(goodHistory()) {
            $0.faults += [
                History.Fault(.linkDelay, begin: 60, settled: 130),
                History.Fault(.kubeletKill, begin: outage - 5, end: outage, settled: outage),
            ]
        }
        #expect(invariants(history) == (isAllowed ? [] : [.i11]))
    }

    @Test(
        "I1: a deleted original pod may get requests for as long as it gets those of the bystander",
        arguments: [(66.0, true), (69, false)])
    func sentToDeleted(start: Double, isAllowed: Bool) {
        let history = changed(goodHistory()) {
            $0.faults.append(History.Fault(.deleteOriginalPod, begin: 60, settled: 70))
            $0.bystander += [History.EndpointState(time: 0, ready: 2), History.EndpointState(time: 67, ready: 1)]
            $0.requests.append(History.Request(start: start, end: start + 5, ok: false, who: nil, error: "reset"))
        }
        #expect(invariants(history) == (isAllowed ? [] : [.i1]))
    }

    @Test(
        "I1: what happens at the same time to a Service that nobody intercepts is not ours",
        arguments: [(60.0, 64.0, true), (50, 58, false), (66, 70, false)])
    func bystander(from: Double, to: Double, isSame: Bool) {
        var history = goodHistory()
        history.endpoints += [
            History.EndpointState(time: 60, ready: 0), History.EndpointState(time: 64, ready: 2),
        ]
        history.bystander += [
            History.EndpointState(time: 0, ready: 2), History.EndpointState(time: from, ready: 0),
            History.EndpointState(time: to, ready: 2),
        ]
        history.requests += [
            History.Request(start: 62.2, end: 62.21, ok: false, who: nil, error: "[Errno 111] Connect call failed"),
            History.Request(start: 62.3, end: 69.4),
        ]
        #expect(invariants(history) == (isSame ? [] : [.i1]))
    }

    @Test("I1: a kubelet that begins again may be seen at one of two Services only", arguments: [true, false])
    func resetPods(isReset: Bool) {
        var history = goodHistory()
        history.endpoints += [
            History.EndpointState(time: 60, ready: 0), History.EndpointState(time: 64, ready: 2),
        ]
        history.bystander += [
            History.EndpointState(time: 0, ready: 2), History.EndpointState(time: 60, ready: 1),
            History.EndpointState(time: 64, ready: 2),
        ]
        if isReset {
            var fault = History.Fault(.kubeletKill, begin: 54)
            fault.end = 59
            history.faults.append(fault)
        }
        history.requests += [
            History.Request(start: 62.2, end: 62.21, ok: false, who: nil, error: "[Errno 111] Connect call failed"),
            History.Request(start: 62.3, end: 69.4),
        ]
        #expect(invariants(history) == (isReset ? [] : [.i1]))
    }

    @Test(
        "I1: a node that has not followed since the API server was away is not ours",
        arguments: [
            (FaultKind.serverKill, 30.0, "10.0.0.9:80" as String?, 0.0, true),
            (.kubeletKill, 30, "10.0.0.9:80", 0, false), (.serverPause, 30, "10.0.0.1:80", 0, false),
            (.serverPause, 36, nil, 0, false), (.serverKill, 30, nil, 26, false),
        ])
    func misled(kind: FaultKind, start: Double, endpoint: String?, since: Double, isAllowed: Bool) {
        let history = changed(goodHistory()) {
            $0.faults.append(History.Fault(kind, begin: 22, end: 23))
            $0.endpoints.append(History.EndpointState(time: 24, ready: 1, addresses: ["10.0.0.1"]))
            $0.rules = [
                History.RuleState(time: since, addresses: ["10.0.0.9"]),
                History.RuleState(time: 35, addresses: ["10.0.0.1"]),
            ]
            var request = History.Request(start: start, end: start + 3, ok: false, who: nil, error: "no route")
            request.endpoint = endpoint
            $0.requests.append(request)
        }
        #expect(invariants(history) == (isAllowed ? [] : [.i1]))
    }

    @Test(
        "I1: a connection from a port that an unanswered one had is led by the kernel to where that was led",
        arguments: [
            // The later request's begin, until when the node's rules name its endpoint, and the earlier one's endpoint.
            (60.0, 50.0, "10.0.0.9:80", true), (60, 60.2, "10.0.0.9:80", false), (60, 50, "10.0.0.8:80", false),
            (170, 50, "10.0.0.9:80", false),
        ])
    func oldTranslation(start: Double, until: Double, earlier: String, isAllowed: Bool) {
        let history = changed(goodHistory()) {
            $0.faults.append(History.Fault(.proxyKill, begin: 40, end: 40))
            $0.rules = [
                History.RuleState(time: 0, addresses: ["10.0.0.9"]),
                History.RuleState(time: until, addresses: ["10.0.0.1"]),
            ]
            for (start, endpoint) in [(41.0, earlier), (start, "10.0.0.9:80")] {
                var request = History.Request(start: start, end: start + 0.1, ok: false, who: nil, error: "no answer")
                request.endpoint = endpoint
                $0.requests.append(request)
            }
        }
        #expect(invariants(history) == (isAllowed ? [] : [.i1]))
    }

    @Test("I1: a laptop that answers has no need of original pods", arguments: ["laptop-1", "cluster"])
    func bystanderOfLaptop(who: String) {
        var history = goodHistory()
        history.bystander += [
            History.EndpointState(time: 60, ready: 0), History.EndpointState(time: 64, ready: 2),
        ]
        history.requests += [
            History.Request(start: 62.2, end: 62.21, ok: false, who: nil, error: "[Errno 111] Connect call failed"),
            History.Request(start: 62.1, end: 62.11, who: who), History.Request(start: 62.3, end: 62.31, who: who),
        ]
        #expect(invariants(history).contains(.i1) == (who != "cluster"))
    }

    @Test("I1: no ready endpoint, for a moment or to the end", arguments: [[0, 2], [0]])
    func empty(ready: [Int]) {
        let history = changed(goodHistory()) {
            $0.endpoints += ready.enumerated().map { History.EndpointState(time: 30 + Double($0) * 0.01, ready: $1) }
        }
        #expect(invariants(history) == [.i1])
    }

    @Test("I1: a caller who waits for long")
    func slow() {
        #expect(invariants(changed(goodHistory()) { $0.requests[20].end += 6 }) == [.i1])
    }

    @Test(
        "I1: whoever was at the laptop may wait until a pause is noticed, a new caller may not",
        arguments: [14.5, 15.5])
    func slowInFlight(start: Double) {
        let history = changed(goodHistory()) {
            $0.faults.append(History.Fault(.kubeletPause, begin: 15, end: 22, settled: 22))
            $0.requests.append(History.Request(start: start, end: 22.1, who: "laptop-1"))
        }
        #expect(invariants(history).contains(.i1) == (start > 15))
    }

    @Test("I2: a session answers while the next does, or after its own end")
    func interleaved() {
        let late = History.Request(start: 45, end: 45.01, who: "laptop-1")
        let history = changed(killedHistory()) { $0.requests.append(late) }
        #expect(invariants(history) == [.i2])
    }

    @Test("I2: the Service and the Lease go from one session to the next without being free")
    func takenOver() {
        let switched = History.ServiceState(
            time: 15, session: "b", selector: ["app": "kt-1-b"], text: "switched", hasOurFields: true)
        #expect(invariants(changed(goodHistory()) { $0.services.insert(switched, at: 2) }).contains(.i2))
        let lease = History.LeaseState(time: 15, holder: "me/laptop/b")
        #expect(invariants(changed(goodHistory()) { $0.leases.insert(lease, at: 2) }) == [.i2])
    }

    @Test("I3: restored too late after a kill, or never")
    func late() {
        #expect(invariants(killedHistory(restoredAfter: 12)) == [.i3])
        #expect(invariants(changed(killedHistory()) { $0.services.removeLast() }) == [.i3])
    }

    @Test("I3: a server that was away adds its time")
    func away() {
        let history = changed(killedHistory(restoredAfter: 25)) {
            $0.faults.append(History.Fault(.serverPause, begin: 51, end: 60))
        }
        #expect(invariants(history) == [])
    }

    @Test("I3: not byte-equal, or managedFields of ours stay")
    func notEqual() {
        #expect(invariants(changed(goodHistory()) { $0.services[3].text = "other" }) == [.i3])
        #expect(invariants(changed(goodHistory()) { $0.services.removeLast() }) == [.i3])
    }

    @Test("I4: an answer that is another one has no excuse, and one without a name neither")
    func wrongAnswer() {
        let wrong = History.Request(
            start: 50, end: 50.1, mode: "echo", ok: false, who: nil,
            error: "another answer than the bytes that were sent")
        #expect(invariants(changed(killedHistory()) { $0.requests.append(wrong) }) == [.i4])
        #expect(invariants(changed(goodHistory()) { $0.requests[3].who = nil }) == [.i4])
    }

    @Test("I5: a mixture of two selectors, and an apply that does not win")
    func applies() {
        let mixture = History.ServiceState(time: 15, selector: ["app": "web", "session": "kt-1-a"])
        #expect(invariants(changed(goodHistory()) { $0.services.insert(mixture, at: 2) }).contains(.i5))
        let history = changed(goodHistory()) { $0.faults.append(History.Fault(.apply, begin: 12, end: 12.2)) }
        #expect(invariants(history) == [.i5])
    }

    @Test("I6: something is left")
    func leftover() {
        #expect(invariants(changed(goodHistory()) { $0.leftovers = ["Secret/kt-1-a"] }) == [.i6])
    }

    @Test("I7: with a wrong clock the same things are the clock's fault")
    func clock() {
        #expect(invariants(changed(killedHistory(restoredAfter: 12)) { $0.sessions[1].clockOffset = 3600 }) == [.i7])
        let history = changed(goodHistory()) {
            $0.sessions[0].clockOffset = -3600
            $0.sessions[0].end = 60
            $0.faults = []
        }
        #expect(invariants(history) == [.i7])
    }

    @Test(
        "I8: the Service is restored for no reason, and an API server that is away or a short silence is none",
        arguments: [nil, FaultKind.serverPause, .linkDelay, .forwardPause, .rivalIntercept, .pluginSleep])
    func noReason(kind: FaultKind?) {
        let history = changed(goodHistory()) {
            $0.sessions[0].end = 60
            $0.faults = kind.map { [History.Fault($0, begin: 18, end: 20)] } ?? []
        }
        #expect(invariants(history) == [.i8])
    }

    @Test("I8: a sleep as long as the Lease is a reason")
    func sleep() {
        let history = changed(goodHistory()) {
            $0.sessions[0].end = 60
            $0.faults = [History.Fault(.pluginSleep, begin: 12, end: 25)]
        }
        #expect(invariants(history) == [])
    }

    @Test(
        "I8: a proxy that is silent, or cannot notice the loss, is a reason, when it was, and the plugin says so",
        arguments: [
            (FaultKind.kubeletPause, 16.4, "proxy-silent", true), (.kubeletPause, 20.4, "proxy-silent", false),
            (.linkBlackHole, 19.0, "proxy-silent", true), (.kubeletPause, 16.4, "proxy-missing", false),
            (.forwardKill, 16.4, "proxy-silent", false),
        ])
    func silentProxy(kind: FaultKind, begin: Double, event: String, isReason: Bool) {
        let history = changed(goodHistory()) {
            $0.sessions[0].end = 60
            $0.sessions[0].linkLosses = [begin + 0.1]
            $0.sessions[0].said = "{\"at\":16.02,\"event\":\"\(event)\",\"message\":\"the proxy does not answer\"}"
            $0.faults = [History.Fault(kind, begin: begin, end: 21)]
        }
        #expect(invariants(history) == (isReason ? [] : [.i8]))
    }

    @Test("I8: a session that was still beginning undoes what an API server that is away has not confirmed")
    func failedStart() {
        for (fault, begin, expected) in [
            (FaultKind.serverKill, 18.0, [] as Set<Invariant>), (.serverKill, 40, [.i8]), (.kubeletKill, 18, [.i8]),
        ] {
            let history = changed(goodHistory()) {
                var start = $0.sessions.removeFirst()
                start.ready = nil
                start.end = 21
                $0.failedStarts = [start]
                $0.requests = $0.requests.filter { $0.who == "cluster" }
                $0.faults = [History.Fault(fault, begin: begin, end: begin + 1)]
            }
            #expect(invariants(history) == expected)
        }
    }

    @Test("I9: a clean-up that fails")
    func cleanUp() {
        let failed = History.CleanUp(words: "stop web", status: 1, said: "error: conflict")
        #expect(invariants(changed(goodHistory()) { $0.cleanUps.append(failed) }) == [.i9])
    }

    @Test("I10: a crash after which nobody restores in time, or something is left, or that nobody caused")
    func crash() {
        for crash in [
            History.Crash(actor: "plugin", write: "patch service", restoredAfter: nil, limit: 10),
            History.Crash(actor: "proxy", write: "patch service", restoredAfter: 11, limit: 10),
            History.Crash(actor: "proxy", write: "x", restoredAfter: 1, limit: 10, leftovers: ["Lease/tunnel-web"]),
        ] {
            #expect(invariants(changed(goodHistory()) { $0.crashes.append(crash) }) == [.i10])
        }
        #expect(invariants(changed(goodHistory()) { $0.sessions[0].status = 132 }) == [.i10])
    }

    @Test("I11: a fault after which the session neither goes on nor ends")
    func stuck() {
        #expect(invariants(changed(goodHistory()) { $0.faults[0].settled = nil }) == [.i11])
        #expect(invariants(changed(goodHistory()) { $0.faults[0].settled = 80 }) == [.i11])
    }
}
