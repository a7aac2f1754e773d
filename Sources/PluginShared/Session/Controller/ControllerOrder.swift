public import Kubernetes

/// What a plugin asks the controller for, as an annotation of the session's Lease. Only the newest counts.
public struct ControllerOrder: JSONText, Sendable, Equatable {
    /// Counts a session's orders, from 1: the answer carries it.
    public var number: Int
    /// What is wanted.
    public var write: SessionWrite

    /// An order.
    public init(number: Int, write: SessionWrite) {
        self.number = number
        self.write = write
    }

    /// The order that a Lease carries; `nil` for none, and for one that a later version has written.
    public init?(_ lease: Lease) {
        guard let order = lease.metadata.annotation(Key.order).flatMap(Self.init(json:)) else { return nil }
        self = order
    }

    /// The patch of the Lease; it fails with 422 when the session is not this holder's any more.
    public func patch(holder: Holder) -> JSONPatch { Lease.annotation(Key.order, self.json, holder: holder) }
}
