public import Kubernetes

/// Whether a proxy to which the laptop has lost its tunnel is gone, although its pod may still be called ready, as by a node
/// whose kubelet is away: a proxy that lives notices the loss, and says in the Lease that it passes through. A value; the
/// looks at the Lease are its events.
public struct ProxySilence: Sendable, Equatable {
    /// How long a proxy may take to say so where its end of the tunnel was closed, too, in seconds; the bound for refused
    /// connections is 3, and kube-proxy takes up to one of them.
    static let timeoutSeconds = 2
    /// The same where the tunnel fell silent, and so was given up: each end does that for itself, and the other may have
    /// heard something for a PING's interval, 2 s, longer. One second is for saying it.
    static let timeoutAfterSilenceSeconds = 3
    /// The time before each look, in milliseconds.
    public static let pauseMilliseconds = 500

    private let holder: Holder
    /// So many looks in a row have to show nothing: a proxy could not say anything either while the API server did not
    /// answer.
    private let looks: Int
    private var count = 0

    /// Nothing was seen yet.
    ///
    /// - Parameter afterSilence: Whether the tunnel was given up because nothing came through it.
    public init(holder: Holder, afterSilence: Bool) {
        self.holder = holder
        let seconds = afterSilence ? Self.timeoutAfterSilenceSeconds : Self.timeoutSeconds
        self.looks = seconds * 1000 / Self.pauseMilliseconds
    }

    /// Takes in a look at the Lease; `nil` when there was none to be had.
    ///
    /// - Returns: Whether the Service is to be restored.
    public mutating func observe(_ lease: Lease?) -> Bool {
        let record = lease.flatMap(LeaseRecord.init)
        let hasLink = record?.state == .active || record?.state == .localDown
        self.count = hasLink && record?.holder == self.holder ? self.count + 1 : 0
        return self.count >= self.looks
    }
}
