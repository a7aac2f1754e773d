extension Checker {
    /// How long a session may take after a fault to answer again or to end, in seconds.
    package static let recovery = 45.0

    /// When the last fault that strikes everybody on the cluster was over: before, no session can get over another.
    private static func lastOutage(before moment: Double, _ history: History, atLeast least: Double) -> Double {
        history.faults.filter { $0.kind.isClusterWide && $0.end <= moment }.map(\.end).reduce(least, max)
    }

    /// I6, I9, I10, I11: what is left, and how things ended.
    static func ends(_ history: History) -> [Violation] {
        var found = history.leftovers.map { Violation(.i6, at: history.end, "left over: \($0)") }
        for command in history.cleanUps where !Self.isClean(command) {
            found.append(
                Violation(.i9, at: history.end, "`\(command.words)` ended with \(command.status): \(command.said)"))
        }
        for crash in history.crashes {
            if crash.restoredAfter.map({ $0 > crash.limit }) ?? true {
                let time = crash.restoredAfter.map { "after \($0) s" } ?? "never"
                found.append(
                    Violation(.i10, at: history.end, "\(crash.actor) killed after \(crash.write): restored \(time)"))
            }
            for object in crash.leftovers {
                found.append(
                    Violation(.i10, at: history.end, "\(crash.actor) killed after \(crash.write): left \(object)"))
            }
        }
        for session in history.sessions where !session.wasKilled {
            guard let status = session.status, status >= 128 else { continue }
            found.append(Violation(.i10, at: session.end ?? 0, "\(session.who) died of signal \(status - 128)"))
        }
        for fault in history.faults {
            guard let settled = fault.settled else {
                found.append(
                    Violation(.i11, at: fault.begin, "\(fault.kind.rawValue): the session neither went on nor ended"))
                continue
            }
            let time = settled - Self.lastOutage(before: settled, history, atLeast: fault.end)
            if time > Self.recovery {
                found.append(
                    Violation(.i11, at: fault.begin, "\(fault.kind.rawValue): \(time) s until it was over"))
            }
        }
        return found
    }

    private static func isClean(_ command: History.CleanUp) -> Bool {
        // Whoever comes second finds nothing to do.
        command.status == 0 || command.said.contains("is not intercepted")
    }
}
