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
