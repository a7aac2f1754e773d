import FaultBench
import Testing

/// The invariants of sessions that have one tunnel: I12 and I13, and what the others make of several at once.
@Suite struct ColleagueTests {
    private func invariants(_ change: (inout History) -> Void) -> Set<Invariant> {
        var history = sharedHistory()
        change(&history)
        return Set(Checker.violations(in: history).map(\.invariant))
    }

    @Test("a good history of three sessions has no violation, whoever of them is the last")
    func good() {
        #expect(Checker.violations(in: sharedHistory()) == [])
        // The one that made the tunnel leaves first, and it goes on under its mark.
        let found = invariants { history in
            history.faults.removeLast()
            history.faults.append(History.Fault(.interrupt, begin: 27, settled: 29, who: "laptop-1"))
            history.sessions[0].end = 28
            history.faults[2].begin = 70
            history.sessions[1].end = 74
            for index in history.requests.indices where history.requests[index].port == 80 {
                let request = history.requests[index]
                let isBobs = request.user == "bob" && (15..<70).contains(request.start)
                let who = (10..<27).contains(request.start) ? "laptop-1" : "cluster"
                history.requests[index].who = isBobs ? "laptop-2" : who
            }
            history.requests.removeAll { $0.mode == "stream" && $0.user == "alice" }
            history.arrivals = []
        }
        #expect(found == [])
    }

    // MARK: I12

    @Test(
        "I12: a request that fails beside a departure is the departure's, unless it was the leaver's own",
        arguments: [
            // Of port, user, from and until when; what is wrong.
            (80, "alice", 30.2, 30.4, Invariant?.some(.i12)), (80, "alice", 28, 33, .i12), (80, "alice", 36, 36.1, .i1),
            (81, nil, 30.2, 30.4, .i12), (80, "alice", 44, 46, .i12), (80, "bob", 45.2, 45.4, .i12),
            // A session that leaves loses none of its own either.
            (80, "bob", 30.2, 30.4, .i1),
            // One that is killed loses what is in flight, and nothing later.
            (81, nil, 44.9, 46, nil), (81, nil, 45.5, 45.6, .i1),
        ])
    func failed(port: Int, user: String?, start: Double, end: Double, expected: Invariant?) {
        let found = invariants {
            $0.requests.append(
                History.Request(
                    start: start, end: end, mode: "stream", ok: false, port: port, user: user, who: nil,
                    error: "the connection ended in the body"))
        }
        #expect(found == expected.map { [$0] } ?? [])
    }

    @Test(
        "I12: the Service stays with whoever has the proxy, and goes back with the last one, or for another reason",
        arguments: [
            (30.1, nil, [Invariant.i8, .i12]), (31, FaultKind.deletePod, []), (48, nil, [.i8, .i12]), (70, nil, []),
        ])
    func led(restored: Double, beside: FaultKind?, expected: [Invariant]) {
        let found = invariants {
            $0.services[2].time = restored
            $0.faults += beside.map { [History.Fault($0, begin: 29.9, settled: 35)] } ?? []
        }
        #expect(found.subtracting([.i3]) == Set(expected))
    }

    @Test(
        "I12: another's session goes on, and keeps its tunnel",
        arguments: [(30.5, Invariant?.some(.i12)), (46, .i12), (60, nil)])
    func kept(moment: Double, expected: Invariant?) {
        #expect(invariants { $0.sessions[0].linkLosses = [moment] } == expected.map { [$0] } ?? [])
        // Where a fault made everybody's tunnels unsteady, that is why.
        let disturbed = invariants {
            $0.sessions[0].linkLosses = [moment]
            $0.faults.append(History.Fault(.kubeletKill, begin: moment - 0.2, end: moment, settled: moment + 5))
        }
        #expect(disturbed == [])
    }

    @Test(
        "I12: a fault is noticed late, too, by its kind",
        arguments: [(FaultKind.kubeletKill, 20.0, true), (.kubeletKill, 4, false), (.linkReset, 20, false)])
    func disturbedLate(kind: FaultKind, settled: Double, isAllowed: Bool) {
        let found = invariants {
            $0.faults.append(History.Fault(kind, begin: settled - 1, settled: settled))
            $0.sessions[0].linkLosses = [30.5]
        }
        #expect(found == (isAllowed ? [] : [.i12]))
    }

    @Test("I12: another's session does not end with it", arguments: [(31.0, true), (60, false)])
    func ended(moment: Double, isBeside: Bool) {
        let found = invariants { history in
            history.faults.removeAll { $0.who == "laptop-3" && $0.kind == .colleagueKill }
            history.sessions[2].end = moment
            for index in history.requests.indices where history.requests[index].port == 81 {
                if history.requests[index].start >= moment { history.requests[index].who = "cluster" }
            }
        }
        #expect(found == (isBeside ? [.i12] : []))
    }

    @Test(
        "I12: others' streams go on without a pause",
        arguments: [
            (0, 29.0, 2.5, Invariant?.some(.i12)), (1, 44.9, 2.5, nil), (1, 29, 2.5, .i12), (0, 58, 2.5, nil),
            (0, 30.5, 1.5, nil),
        ])
    func streams(which: Int, begin: Double, pause: Double, expected: Invariant?) {
        let found = invariants { history in
            let streams = history.requests.indices.filter { history.requests[$0].mode == "stream" }
            (history.requests[streams[which]].pause, history.requests[streams[which]].pausedAt) = (pause, begin)
        }
        #expect(found == expected.map { [$0] } ?? [])
    }

    // MARK: I13

    @Test(
        "I13: a laptop answers, and gets, what is of its port and meets its rule, and nothing before it began",
        arguments: [
            // Who, of which port and user, when; whether it may.
            ("laptop-2", 80, "bob", 20.0, true), ("laptop-2", 80, "alice", 20, false),
            ("laptop-2", 80, nil, 20, false), ("laptop-2", 81, "bob", 20, false), ("laptop-3", 80, nil, 40, false),
            ("laptop-3", 81, "alice", 40, true), ("laptop-1", 81, nil, 20, false), ("laptop-9", 80, nil, 20, false),
            ("laptop-2", 80, "bob", 13, false), ("laptop-1", 80, "bob", 12, true),
        ])
    func places(who: String, port: Int, user: String?, time: Double, isAllowed: Bool) {
        let arrived = invariants {
            $0.arrivals.append(History.Arrival(time: time, who: who, port: port, user: user))
        }
        #expect(arrived == (isAllowed ? [] : [.i13]))
        let answered = invariants {
            $0.requests.append(
                History.Request(start: time, end: time + 0.01, mode: "echo", port: port, user: user, who: who))
        }
        #expect(answered == (isAllowed ? [] : [.i13]))
    }

    @Test("I13: bytes that are no request are nobody's")
    func garbled() {
        #expect(invariants { $0.arrivals.append(History.Arrival(time: 20, who: "laptop-1", port: nil)) } == [.i13])
    }

    // MARK: What the others make of several at once

    @Test("I1: what strikes one laptop excuses the requests that may be at it, and no others")
    func oneLaptop() {
        for (kind, user, expected) in [
            (FaultKind.forwardPause, "alice", [] as Set<Invariant>), (.forwardPause, "bob", [.i1]),
            (.kubeletPause, "bob", []),
        ] {
            let found = invariants {
                $0.faults.append(
                    History.Fault(
                        kind, begin: 22, end: 24, settled: 26, who: kind.isClusterWide ? nil : "laptop-1"))
                $0.requests.append(
                    History.Request(
                        start: 21.9, end: 23, mode: "stream", ok: false, user: user, who: nil, error: "reset"))
            }
            #expect(found == expected, "\(kind) \(user)")
        }
    }

    @Test("I2: two that answer the same requests are two owners, two that have different ones are not")
    func sameClaim() {
        let found = invariants { history in
            history.sessions[1].claim = History.Claim()
            for index in history.requests.indices where history.requests[index].who == "laptop-2" {
                history.requests[index].user = nil
            }
            history.arrivals = []
        }
        #expect(found == [.i2])
    }

    @Test("I3: a tunnel ends with the last of its sessions, in time")
    func lastOne() {
        let late = invariants {
            $0.services[2].time = 95
            $0.sessions[0].end = 72
        }
        #expect(late == [.i3])
    }
}
