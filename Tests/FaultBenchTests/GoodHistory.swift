import FaultBench

/// A history in which everything is as it should be: one session, one Ctrl-C.
func goodHistory() -> History {
    var history = History()
    history.lease = 5
    history.end = 100
    history.requests = stride(from: 0.0, to: 100, by: 0.5).map { time in
        History.Request(start: time, end: time + 0.01, who: (10..<20).contains(time) ? "laptop-1" : "cluster")
    }
    history.services = [
        History.ServiceState(time: 0, isFirst: true),
        History.ServiceState(
            time: 10, session: "a", selector: ["app": "kt-1-a"], text: "switched", hasOurFields: true),
        History.ServiceState(time: 20, text: "almost", hasOurFields: true),
        History.ServiceState(time: 20.1),
    ]
    history.endpoints = [History.EndpointState(time: 0, ready: 2), History.EndpointState(time: 10, ready: 1)]
    history.leases = [
        History.LeaseState(time: 0, holder: nil), History.LeaseState(time: 5, holder: "me/laptop/a"),
        History.LeaseState(time: 24, holder: nil),
    ]
    history.sessions = [
        History.Session(identity: "a", who: "laptop-1", begin: 4, ready: 10, end: 24, status: 0)
    ]
    history.faults = [History.Fault(.interrupt, begin: 19.9, settled: 30)]
    history.cleanUps = [History.CleanUp(words: "stop web", status: 1, said: "error: service/web is not intercepted")]
    history.crashes = [History.Crash(actor: "plugin", write: "create lease", restoredAfter: 3, limit: 10)]
    return history
}

/// The good history with one session more, whose plugin was killed.
func killedHistory(restoredAfter seconds: Double = 7) -> History {
    var history = goodHistory()
    history.sessions.append(
        History.Session(
            identity: "b", who: "laptop-2", begin: 38, ready: 40, end: 50, status: 137, wasKilled: true))
    history.faults.append(History.Fault(.pluginKill, begin: 50, settled: 60))
    history.services += [
        History.ServiceState(
            time: 40, session: "b", selector: ["app": "kt-1-b"], text: "switched", hasOurFields: true),
        History.ServiceState(time: 50 + seconds),
    ]
    history.leases += [
        History.LeaseState(time: 39, holder: "me/laptop/b"), History.LeaseState(time: 50 + seconds, holder: nil),
    ]
    history.requests = history.requests.map { request in
        var request = request
        if (40..<50).contains(request.start) { request.who = "laptop-2" }
        return request
    }
    return history
}

/// A history with three sessions on one tunnel: laptop-1 has port 80 from 10 to 70, laptop-2 bob's requests of it from 15 until it leaves
/// at 30, and laptop-3 port 81 from 20 until it is killed at 45. A stream of alice's and one of port 81 go on all the while.
func sharedHistory() -> History {
    var history = History()
    history.lease = 5
    history.end = 100
    history.requests = stride(from: 0.0, to: 100, by: 0.1).map { time in
        let user = ["alice", "bob", "carol"][Int((time * 10).rounded()) % 3]
        let isBobs = user == "bob" && (15..<30).contains(time)
        let who = isBobs ? "laptop-2" : (10..<70).contains(time) ? "laptop-1" : "cluster"
        return History.Request(start: time, end: time + 0.01, user: user, who: who)
    }
    history.requests += stride(from: 0.0, to: 100, by: 0.5).map { time in
        History.Request(
            start: time, end: time + 0.01, port: 81, who: (20..<45).contains(time) ? "laptop-3" : "cluster")
    }
    for (port, user, begin, who) in [(80, "alice", 12.0, "laptop-1"), (81, nil, 12, "cluster")] {
        var stream = History.Request(
            start: begin, end: begin + 45, mode: "stream", port: port, user: user as String?, who: who)
        (stream.pause, stream.pausedAt) = (0.2, 30.5)
        history.requests.append(stream)
    }
    history.arrivals = history.requests.filter { $0.who != "cluster" }.map {
        History.Arrival(time: $0.start + 0.005, who: $0.who ?? "", port: $0.port, user: $0.user)
    }
    history.services = [
        History.ServiceState(time: 0, isFirst: true),
        History.ServiceState(
            time: 10, session: "a", selector: ["app": "kt-1-a"], text: "switched", hasOurFields: true),
        History.ServiceState(time: 70),
    ]
    history.endpoints = [History.EndpointState(time: 0, ready: 2), History.EndpointState(time: 10, ready: 1)]
    history.sessions = [
        History.Session(identity: "a", who: "laptop-1", begin: 4, ready: 10, end: 74, status: 0),
        History.Session(
            identity: "b", who: "laptop-2", claim: History.Claim(user: "bob"), begin: 14, ready: 15, end: 32, status: 0),
        History.Session(
            identity: "c", who: "laptop-3", claim: History.Claim(port: 81), begin: 19, ready: 20, end: 45, status: 137,
            wasKilled: true),
    ]
    history.faults = [
        History.Fault(.colleagueJoin, begin: 14, end: 15, who: "laptop-2"),
        History.Fault(.colleagueJoin, begin: 19, end: 20, who: "laptop-3"),
        History.Fault(.colleagueLeave, begin: 30, end: 32, who: "laptop-2"),
        History.Fault(.colleagueKill, begin: 45, end: 45, who: "laptop-3"),
        History.Fault(.interrupt, begin: 70, settled: 80, who: "laptop-1"),
    ]
    return history
}
