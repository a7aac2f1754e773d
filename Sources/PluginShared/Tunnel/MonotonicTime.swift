import NIOCore

/// The driver's clock: the state machines take its readings as arguments.
enum MonotonicTime {
    /// Time since an arbitrary moment; it never goes back.
    static func now() -> Duration {
        .nanoseconds(Int64(clamping: NIODeadline.now().uptimeNanoseconds))
    }
}

extension TimeAmount {
    /// The same length of time in NIO's unit, at least zero.
    init(_ duration: Duration) {
        let parts = duration.components
        let nanoseconds = parts.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !nanoseconds.overflow else {
            self = .hours(24)
            return
        }
        self = .nanoseconds(max(0, nanoseconds.partialValue + parts.attoseconds / 1_000_000_000))
    }
}
