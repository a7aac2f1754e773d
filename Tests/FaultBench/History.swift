/// What was seen of one run, all times in seconds of one monotonic clock of the machine.
package struct History: Codable, Sendable, Equatable {
    /// A request, from its first byte to the end of its answer.
    package struct Request: Codable, Sendable, Equatable {
        package var start: Double
        package var end: Double
        /// `connection-per-request`, `keep-alive-pool`, `stream` or `echo`.
        package var mode: String
        package var ok: Bool
        /// The Service's port.
        package var port: Int
        /// Whose it is, by its header `X-User`: what rules look at.
        package var user: String?
        /// Who answered: `cluster`, or a session's local process.
        package var who: String?
        package var error: String?
        /// The longest time between two pieces of its answer in seconds, and when that began; of a stream.
        package var pause: Double?
        package var pausedAt: Double?
        /// `ADDRESS:PORT` that the kernel had chosen for it, where there was no connection and it was asked for.
        package var endpoint: String?

        package init(
            start: Double, end: Double, mode: String = "connection-per-request", ok: Bool = true, port: Int = 80,
            user: String? = nil, who: String? = "cluster", error: String? = nil
        ) {
            (self.start, self.end, self.mode, self.port, self.user) = (start, end, mode, port, user)
            (self.ok, self.who, self.error) = (ok, who, error)
        }

        /// Whether it had a connection of its own.
        package var isFresh: Bool { self.mode != "keep-alive-pool" }
    }

    /// A request that came to a laptop's local process, or bytes that are none.
    package struct Arrival: Codable, Sendable, Equatable {
        package var time: Double
        /// Whose local process.
        package var who: String
        /// The Service's port that it was for; `nil` for bytes that are no request.
        package var port: Int?
        package var user: String?

        package init(time: Double, who: String, port: Int?, user: String? = nil) {
            (self.time, self.who, self.port, self.user) = (time, who, port, user)
        }
    }

    /// What a session has: a port of the Service, or the requests of a user on it.
    package struct Claim: Codable, Sendable, Hashable {
        package var port: Int
        /// Whose requests, by a rule; `nil` for whole connections.
        package var user: String?

        package init(port: Int = 80, user: String? = nil) { (self.port, self.user) = (port, user) }

        /// Whether these requests may come to the session.
        package func covers(port: Int?, user: String?) -> Bool {
            self.port == port && (self.user == nil || self.user == user)
        }
    }

    /// The Service, as a watch showed it.
    package struct ServiceState: Codable, Sendable, Equatable {
        package var time: Double
        /// Whether states before it may have been missed.
        package var isFirst: Bool
        /// The session that it is marked with.
        package var session: String?
        package var selector: [String: String]
        /// All of it but the resourceVersion, canonical; `nil` when it was deleted.
        package var text: String?
        /// Whether managedFields have an entry of ours.
        package var hasOurFields: Bool

        package init(
            time: Double, isFirst: Bool = false, session: String? = nil, selector: [String: String] = ["app": "web"],
            text: String? = "web", hasOurFields: Bool = false
        ) {
            (self.time, self.isFirst, self.session) = (time, isFirst, session)
            (self.selector, self.text, self.hasOurFields) = (selector, text, hasOurFields)
        }
    }

    /// How many ready endpoints the Service has, from this moment on.
    package struct EndpointState: Codable, Sendable, Equatable {
        package var time: Double
        package var ready: Int
        /// Theirs.
        package var addresses: [String]?

        package init(time: Double, ready: Int, addresses: [String]? = nil) {
            (self.time, self.ready, self.addresses) = (time, ready, addresses)
        }
    }

    /// Where kube-proxy sends connections to the Service, from this moment on.
    package struct RuleState: Codable, Sendable, Equatable {
        package var time: Double
        package var addresses: [String]

        package init(time: Double, addresses: [String]) { (self.time, self.addresses) = (time, addresses) }
    }

    /// The Lease, as a watch showed it; no holder when it is gone.
    package struct LeaseState: Codable, Sendable, Equatable {
        package var time: Double
        package var holder: String?

        package init(time: Double, holder: String?) { (self.time, self.holder) = (time, holder) }
    }

    /// A fault that was done.
    package struct Fault: Codable, Sendable, Equatable {
        package var kind: FaultKind
        package var begin: Double
        /// When it was over: the process goes on, the network is fair.
        package var end: Double
        /// When a session answered again, or the next had begun; `nil` while it did not.
        package var settled: Double?
        /// Whose session it was done to; `nil` when it was not one session's.
        package var who: String?
        package var detail: String

        package init(
            _ kind: FaultKind, begin: Double, end: Double? = nil, settled: Double? = nil, who: String? = nil,
            detail: String = ""
        ) {
            (self.kind, self.begin, self.end) = (kind, begin, end ?? begin)
            (self.settled, self.who, self.detail) = (settled ?? end ?? begin, who, detail)
        }
    }

    /// One plugin's run.
    package struct Session: Codable, Sendable, Equatable {
        /// Its identity, as in the Service's mark; `nil` when it never had the Service.
        package var identity: String?
        /// What its local process calls itself.
        package var who: String
        package var claim: Claim
        package var begin: Double
        /// When the Service came here.
        package var ready: Double?
        /// When the plugin's process was gone.
        package var end: Double?
        /// Its exit code, or 128 and the signal.
        package var status: Int32?
        /// Whether the test killed it.
        package var wasKilled = false
        /// How wrong its clock was, in seconds.
        package var clockOffset = 0.0
        /// What it said.
        package var said = ""
        /// When it told that the tunnel was lost.
        package var linkLosses: [Double] = []

        package init(
            identity: String?, who: String, claim: Claim = Claim(), begin: Double, ready: Double? = nil,
            end: Double? = nil, status: Int32? = nil, wasKilled: Bool = false, clockOffset: Double = 0
        ) {
            (self.identity, self.who, self.claim, self.begin, self.ready) = (identity, who, claim, begin, ready)
            (self.end, self.status, self.wasKilled, self.clockOffset) = (end, status, wasKilled, clockOffset)
        }
    }

    /// A command that ended or cleaned up a session.
    package struct CleanUp: Codable, Sendable, Equatable {
        package var words: String
        package var status: Int32
        package var said: String

        package init(words: String, status: Int32, said: String) {
            (self.words, self.status, self.said) = (words, status, said)
        }
    }

    /// A crash right after one write.
    package struct Crash: Codable, Sendable, Equatable {
        /// Whose: `plugin` or `proxy`.
        package var actor: String
        /// The write: verb and object.
        package var write: String
        /// How long it took until the Service was as before, in seconds; `nil` when it never was.
        package var restoredAfter: Double?
        /// How long it may take.
        package var limit: Double
        /// What was left in the end.
        package var leftovers: [String]

        package init(actor: String, write: String, restoredAfter: Double?, limit: Double, leftovers: [String] = []) {
            (self.actor, self.write, self.restoredAfter) = (actor, write, restoredAfter)
            (self.limit, self.leftovers) = (limit, leftovers)
        }
    }

    package var seed: UInt64 = 0
    /// The Lease's duration in seconds.
    package var lease = 5.0
    /// When everything was over.
    package var end = 0.0
    package var requests: [Request] = []
    /// What came to laptops.
    package var arrivals: [Arrival] = []
    package var services: [ServiceState] = []
    package var endpoints: [EndpointState] = []
    /// Those of a Service with the same pods that nobody intercepts.
    package var bystander: [EndpointState] = []
    package var rules: [RuleState] = []
    package var leases: [LeaseState] = []
    package var faults: [Fault] = []
    package var sessions: [Session] = []
    /// Those that ended before their laptops had any traffic.
    package var failedStarts: [Session] = []
    package var cleanUps: [CleanUp] = []
    package var crashes: [Crash] = []
    /// What was left at the end: objects in the namespace, processes on the laptop.
    package var leftovers: [String] = []

    package init() {}
}
