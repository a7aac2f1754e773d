/// How many callers the pod takes: beyond what its open files allow they are refused at once, and nothing hangs. A value.
struct CallerAdmission {
    /// Files that are no caller's: listeners, the tunnel, the API server's connections, and those of the runtime.
    static let reserve = 64
    /// A connection takes one for the caller, and one for the origin when it passes through.
    static let filesPerCaller = 2
    /// How often refusals are logged: every 10 s.
    static let interval = Duration.seconds(10)

    /// The most connections at once.
    let limit: Int
    private var toldAt: Duration?

    /// For a process that may have so many open files.
    init(files: Int) {
        self.limit = max(1, (files - Self.reserve) / Self.filesPerCaller)
    }

    /// A caller was refused.
    ///
    /// - Returns: Whether that is to be logged.
    mutating func refused(now: Duration) -> Bool {
        if let toldAt, now - toldAt < Self.interval { return false }
        self.toldAt = now
        return true
    }
}
