extension Checker {
    /// I2: at any moment one session at most answers the same requests, and one tunnel at most is selected.
    static func owners(_ history: History) -> [Violation] {
        var found: [Violation] = []
        let fresh = history.requests.filter { $0.ok && $0.mode == "connection-per-request" }
        let byWho = Dictionary(grouping: fresh) { $0.who ?? "" }
        let order = history.sessions.sorted { $0.begin < $1.begin }
        for (index, session) in order.enumerated() {
            guard let mine = byWho[session.who], let last = mine.map(\.start).max() else { continue }
            for later in order[(index + 1)...] where later.who != session.who && later.claim == session.claim {
                guard let first = byWho[later.who]?.map(\.end).min(), last > first + Self.slack else { continue }
                found.append(
                    Violation(.i2, at: first, "\(session.who) answers until \(last), \(later.who) from \(first) on"))
            }
            if let end = session.end, last > end + Self.slack {
                found.append(Violation(.i2, at: last, "\(session.who) answers after its plugin ended at \(end)"))
            }
        }
        for (state, next) in zip(history.services, history.services.dropFirst()) {
            guard !next.isFirst, let before = state.session, let after = next.session, before != after else { continue }
            found.append(Violation(.i2, at: next.time, "the Service went from \(before) to \(after) at once"))
        }
        for (state, next) in zip(history.leases, history.leases.dropFirst()) {
            guard let before = state.holder, let after = next.holder, before != after else { continue }
            let isTaken = !Self.faults(history, from: state.time, to: next.time) { $0 == .takeOver }.isEmpty
            if !isTaken { found.append(Violation(.i2, at: next.time, "the Lease went from \(before) to \(after)")) }
        }
        return found
    }
}
