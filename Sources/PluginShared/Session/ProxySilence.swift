public import Kubernetes

/// Whether a proxy to which the laptop has lost its tunnel is gone, although its pod may still be called ready, as by a node
/// whose kubelet is away: a proxy that lives notices the loss, and says in the Lease that it passes through. A value; the
/// looks at the Lease are its events.
public struct ProxySilence: Sendable, Equatable {
    /// How long a proxy may take to say so, in seconds; the bound for a Service without its proxy is 5.
    static let patienceSeconds = 3
    /// The time before each look, in milliseconds.
    public static let pauseMilliseconds = 500
    /// So many looks in a row have to show nothing: a proxy could not say anything either while the API server did not
    /// answer.
    static let looks = patienceSeconds * 1000 / pauseMilliseconds

    private let holder: Holder
    private var count = 0

    /// Nothing was seen yet.
    public init(holder: Holder) {
        self.holder = holder
    }

    /// Takes in a look at the Lease; `nil` when there was none to be had.
    ///
    /// - Returns: Whether the Service is to be given back.
    public mutating func observe(_ lease: Lease?) -> Bool {
        let record = lease.flatMap(LeaseRecord.init)
        self.count = record?.state == .active && record?.holder == self.holder ? self.count + 1 : 0
        return self.count >= Self.looks
    }
}
