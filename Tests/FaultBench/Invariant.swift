/// What must hold of every history.
package enum Invariant: String, Codable, CaseIterable, Sendable {
    case i1 = "I1: the Service always has a ready endpoint, and requests fail only where a bound allows it"
    case i2 = "I2: never two owners"
    case i3 = "I3: restored in time, and byte-equal"
    case i4 = "I4: every answer is complete, and what was asked for"
    case i5 = "I5: another client's apply wins, and never selects nothing"
    case i6 = "I6: nothing is left over"
    case i7 = "I7: a wrong clock changes nothing"
    case i8 = "I8: the Service is restored only for a reason, and an API server that is away is none"
    case i9 = "I9: cleaning up may be done twice and in parallel"
    case i10 = "I10: a crash after any write ends well"
    case i11 = "I11: after every fault the session goes on or has ended, soon"
    case i12 = "I12: a session that leaves, or dies, changes nothing for others"
    case i13 = "I13: no bytes at a laptop that does not have their port, or whose rule they do not meet"

    /// `I1`…
    package var name: String { String(self.rawValue.prefix { $0 != ":" }) }
}

/// Something that must not be.
package struct Violation: Sendable, Equatable, CustomStringConvertible {
    package var invariant: Invariant
    package var time: Double
    package var what: String

    package init(_ invariant: Invariant, at time: Double, _ what: String) {
        (self.invariant, self.time, self.what) = (invariant, time, what)
    }

    package var description: String {
        "\(self.invariant.name) at \((self.time * 1000).rounded() / 1000): \(self.what)"
    }
}
