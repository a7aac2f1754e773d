/// What the requests of an end, or of one connection, keep for a replay; on its event loop only.
final class ReplayBudget {
    /// The most of an end: 16 MiB, an eighth of the pod's memory. Above, requests that an upstream has taken are kept no longer.
    static let limit = 16 * 1_048_576
    /// The most of one connection that carries many requests at once: 256 KiB.
    static let connectionLimit = 262_144

    private let limit: Int
    private let whole: ReplayBudget?
    private(set) var byteCount = 0

    /// - Parameter whole: The budget of which this is a part.
    init(limit: Int = ReplayBudget.limit, partOf whole: ReplayBudget? = nil) {
        self.limit = limit
        self.whole = whole
    }

    var isExceeded: Bool { self.byteCount > self.limit || self.whole?.isExceeded == true }

    func add(_ byteCount: Int) {
        self.byteCount += byteCount
        self.whole?.add(byteCount)
    }
}
