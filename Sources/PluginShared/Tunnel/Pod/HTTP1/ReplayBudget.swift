/// What all requests of an end keep for a replay; on its event loop only.
final class ReplayBudget {
    /// The most: 16 MiB, an eighth of the pod's memory. Above, requests that an upstream has taken are kept no longer.
    static let limit = 16 * 1_048_576

    var byteCount = 0

    var isExceeded: Bool { self.byteCount > Self.limit }
}
