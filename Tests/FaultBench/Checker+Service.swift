extension Checker {
    /// A stretch of time in which the Service carried a session's mark.
    struct Switched {
        var session: String
        var begin: Double
        /// `nil` while it still does.
        var end: Double?
        /// The Service right before, and at last after the end, before the next session: managedFields follow later.
        var before: String?
        var after: String?
        /// When it became what it was at last.
        var settled: Double?
    }

    static func switched(_ history: History) -> [Switched] {
        var found: [Switched] = []
        var before: String?
        for state in history.services {
            if let last = found.last, last.end == nil, state.session != last.session {
                found[found.count - 1].end = state.time
            }
            if let session = state.session {
                if found.last?.end != nil || found.isEmpty {
                    found.append(Switched(session: session, begin: state.time, before: before))
                }
            } else {
                before = state.text
                if found.last?.end != nil {
                    found[found.count - 1].after = state.text
                    found[found.count - 1].settled = state.time
                }
            }
        }
        return found
    }

    /// Those who had the tunnel of a stretch: whoever made it, and who joined it.
    static func members(_ stretch: Switched, _ history: History) -> [History.Session] {
        history.sessions.filter { session in
            if session.identity == stretch.session { return true }
            guard let ready = session.ready else { return false }
            return ready <= (stretch.end ?? .infinity) && (session.end ?? .infinity) >= stretch.begin
        }
    }

    /// I3 (and I7, for sessions whose clock was wrong): in time, and byte-equal.
    static func restores(_ history: History) -> [Violation] {
        var found: [Violation] = []
        for stretch in Self.switched(history) {
            let session = history.sessions.first { $0.identity == stretch.session }
            let invariant: Invariant = (session?.clockOffset ?? 0) == 0 ? .i3 : .i7
            let members = Self.members(stretch, history)
            if !members.isEmpty, members.allSatisfy({ $0.end != nil }), let died = members.compactMap(\.end).max() {
                let limit = Self.restoreLimit(history, died: died)
                let end = stretch.end ?? history.end
                if let limit, end > max(limit, stretch.begin) {
                    found.append(
                        Violation(
                            invariant, at: end,
                            "the last of \(stretch.session) ended at \(died), and the Service was switched for \(end - died) s more"
                        ))
                }
            }
            guard let end = stretch.end else { continue }
            let settled = (stretch.settled ?? end) + Self.watchSlack
            // The copy of managedFields is in the origin Service.
            let others = Self.faults(history, from: stretch.begin - Self.watchSlack, to: settled) {
                $0.writesService || $0 == .deleteOrigin
            }
            if others.isEmpty, let before = stretch.before, let after = stretch.after, before != after {
                found.append(
                    Violation(
                        invariant, at: end,
                        "the Service is not as before session \(stretch.session): \(Self.difference(before, after))")
                )
            }
        }
        if let last = history.services.last {
            if let session = last.session {
                found.append(Violation(.i3, at: last.time, "the Service is still marked with \(session)"))
            } else if last.hasOurFields {
                found.append(Violation(.i3, at: last.time, "managedFields still name us"))
            }
        }
        return found
    }

    /// Where two texts begin to differ.
    private static func difference(_ before: String, _ after: String) -> String {
        let common = zip(before, after).prefix { $0 == $1 }.count
        func part(_ text: String) -> String { String(text.dropFirst(max(0, common - 60)).prefix(160)) }
        return "…\(part(before))… became …\(part(after))…"
    }

    /// When the Service must be back after a plugin has ended: the Lease, 5 s, and the time for which those who restore
    /// were stopped. `nil` when nobody in the cluster could.
    static func restoreLimit(_ history: History, died: Double) -> Double? {
        guard Self.faults(history, from: 0, to: died + history.lease, { $0.disablesProxy }).isEmpty else { return nil }
        var limit = died + history.lease + Self.restoreSlack + Self.watchSlack
        // A fault may lie in the time that the one before has added.
        for fault in history.faults.sorted(by: { $0.begin < $1.begin }) where fault.kind.delaysRestore {
            guard fault.end >= died - history.lease, fault.begin <= limit else { continue }
            limit += fault.end - fault.begin + history.lease + Self.restoreSlack
        }
        return limit
    }

    /// I5: a selector is the applied one, or ours with the same keys; and an apply wins.
    static func applies(_ history: History) -> [Violation] {
        var found: [Violation] = []
        guard let original = history.services.first?.selector else { return [] }
        for state in history.services where state.text != nil && state.selector != original {
            let isOurs = state.selector.values.allSatisfy { $0.hasPrefix("kt-") }
            if !isOurs || state.selector.keys != original.keys {
                found.append(Violation(.i5, at: state.time, "the Service selects \(state.selector)"))
            }
        }
        for fault in history.faults where fault.kind.writesService {
            let after = history.services.last { $0.time <= fault.end + Self.watchSlack }
            guard let after, after.selector != original else { continue }
            // A session that began a moment later has switched it again.
            let isNew = history.services.contains {
                $0.selector == original && $0.time >= fault.begin - Self.slack && $0.time <= after.time
            }
            if !isNew { found.append(Violation(.i5, at: fault.end, "the apply did not win: \(after.selector)")) }
        }
        return found
    }
}
