public import Kubernetes

/// What the controller says to an order, as an annotation of the Lease.
public struct ControllerAnswer: JSONText, Sendable, Equatable {
    /// The order's number.
    public var number: Int
    /// What became of the Service, where it was to be restored.
    public var outcome: RestoreOutcome?
    /// Why it was not done; `nil` when it was.
    public var refusal: Refusal?

    /// An answer.
    public init(number: Int, outcome: RestoreOutcome? = nil, refusal: Refusal? = nil) {
        self.number = number
        self.outcome = outcome
        self.refusal = refusal
    }

    /// The answer that a Lease carries; `nil` for none.
    public init?(_ lease: Lease) {
        guard let answer = lease.metadata.annotation(Key.answer).flatMap(Self.init(json:)) else { return nil }
        self = answer
    }

    /// The patch of the Lease; it fails with 422 when the session is not this holder's any more.
    public func patch(holder: Holder) -> JSONPatch { Lease.annotation(Key.answer, self.json, holder: holder) }
}
