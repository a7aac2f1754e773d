extension Checker {
    /// I13: what a laptop answered, and what came to it, is of its port and meets its rule.
    static func places(_ history: History) -> [Violation] {
        let sessions = Dictionary(grouping: history.sessions + history.failedStarts, by: \.who)
        /// What is wrong with bytes at a laptop.
        func fault(_ who: String, _ port: Int?, _ user: String?, at moment: Double) -> String? {
            guard let session = sessions[who]?.first else { return "nobody knows \(who)" }
            guard session.claim.covers(port: port, user: user) else { return "\(who) has \(session.claim)" }
            return moment < session.begin ? "\(who) began at \(session.begin)" : nil
        }
        func violation(_ what: String, _ port: Int?, _ user: String?, at moment: Double, _ who: String) -> Violation? {
            fault(who, port, user, at: moment).map { wrong in
                let which = port.map { "of port \($0)" } ?? "that is none"
                return Violation(.i13, at: moment, "\(what) \(which), user \(user ?? "-"), \(wrong)")
            }
        }
        let answers = history.requests.compactMap { request -> Violation? in
            guard let who = request.who, who != "cluster" else { return nil }
            return violation("\(who) answered a request", request.port, request.user, at: request.end, who)
        }
        return answers
            + history.arrivals.compactMap {
                violation("\($0.who) got a request", $0.port, $0.user, at: $0.time, $0.who)
            }
    }
}
