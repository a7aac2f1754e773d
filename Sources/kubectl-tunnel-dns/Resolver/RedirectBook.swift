import Names

/// Which targets are redirected now: those of which a name has spoken lately. A value; time is an argument.
struct RedirectBook: Hashable, Sendable {
    /// The most targets: as many as the gateway remembers.
    static let maximum = EgressPolicy.maximumAddresses

    /// What is new, and what is no more.
    struct Change: Hashable, Sendable {
        var added: [RedirectTarget] = []
        var removed: [RedirectTarget] = []
    }

    private var seen: [RedirectTarget: Duration] = [:]

    /// How many targets there are.
    var count: Int { self.seen.count }

    /// Takes in what an answer says.
    ///
    /// - Parameter now: Monotonic time since any fixed moment.
    mutating func take(_ targets: [RedirectTarget], now: Duration) -> Change {
        var change = Change()
        for target in targets where self.seen.updateValue(now, forKey: target) == nil { change.added.append(target) }
        let surplus = self.seen.count - Self.maximum
        guard surplus > 0 else { return change }
        let oldest = self.seen.sorted { $0.value < $1.value }.prefix(surplus).map(\.key)
        for target in oldest { self.seen[target] = nil }
        // What never got in need not be taken out.
        change.removed = oldest.filter { !change.added.contains($0) }
        change.added.removeAll(where: oldest.contains)
        return change
    }

    /// Forgets what the gateway has forgotten.
    mutating func expire(now: Duration) -> Change {
        let old = self.seen.filter { now - $0.value > EgressPolicy.retention }.map(\.key)
        for target in old { self.seen[target] = nil }
        return Change(removed: old)
    }
}
