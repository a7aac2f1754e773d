/// How many bytes all streams of one link may have in flight to this end, and how they are shared out.
///
/// HTTP/2 bounds a stream by its window and nothing bounds their sum; here every window beyond the initial one is
/// reserved first. Buffered bytes therefore never exceed streams × `initialWindow` + `limit`.
struct WindowBudget {
    /// The window every stream has from SETTINGS_INITIAL_WINDOW_SIZE, in bytes; not counted.
    let initialWindow: Int
    /// The most bytes of all windows beyond the initial ones.
    let limit: Int
    /// The largest window of one stream: 16 MiB, enough for 400 MB/s at 40 ms.
    static let maximumWindow = 16 * 1024 * 1024
    /// What a new stream gets while more than half of the budget is free: 256 KiB in all.
    static let openingWindow = 256 * 1024
    /// What a new stream gets while more than a quarter is free: 64 KiB in all.
    static let smallOpeningWindow = 64 * 1024

    /// Bytes reserved now.
    private(set) var reserved = 0

    /// The pod lives in 128 MiB: 16 KiB for each of 5,000 streams at the worst, and 32 MiB for those that move.
    static let pod = WindowBudget(initialWindow: 16 * 1024, limit: 32 * 1024 * 1024)
    /// The same for the laptop, whose memory is its user's, with more for those that move.
    static let laptop = WindowBudget(initialWindow: 16 * 1024, limit: 48 * 1024 * 1024)

    /// Makes a budget with nothing reserved.
    init(initialWindow: Int, limit: Int) {
        self.initialWindow = initialWindow
        self.limit = limit
    }

    /// Reserves for a new stream; returns the bytes beyond the initial window, possibly zero.
    mutating func reserveOpening() -> Int {
        let target: Int
        if self.reserved < self.limit / 2 {
            target = WindowBudget.openingWindow
        } else if self.reserved < self.limit / 4 * 3 {
            target = WindowBudget.smallOpeningWindow
        } else {
            return 0
        }
        let bytes = max(0, target - self.initialWindow)
        self.reserved += bytes
        return bytes
    }

    /// Reserves so many more bytes for one stream, or none.
    mutating func reserve(_ byteCount: Int) -> Bool {
        guard byteCount >= 0, byteCount <= self.limit - self.reserved else { return false }
        self.reserved += byteCount
        return true
    }

    /// Returns bytes that were reserved.
    mutating func release(_ byteCount: Int) {
        self.reserved = max(0, self.reserved - byteCount)
    }
}

/// The receive window of one stream: how much the peer may send, and when to allow more.
struct StreamWindow {
    /// What the peer may have in flight, in bytes.
    private(set) var target: Int
    /// Bytes passed on since the last WINDOW_UPDATE.
    private var uncredited = 0
    /// When the bytes in `measured` began to be counted.
    private var measuringSince: Duration?
    private var measured = 0
    private let initialWindow: Int

    /// Shorter round trips than this count as this: 10 ms. Below it scheduling decides, not the path, and each
    /// WINDOW_UPDATE of a small window costs every hop as much as a whole piece of data.
    static let shortestRoundTrip: Duration = .milliseconds(10)

    /// Starts with the window that SETTINGS gave, plus what was reserved at the opening.
    init(initialWindow: Int, opening: Int) {
        self.initialWindow = initialWindow
        self.target = initialWindow + opening
    }

    /// Bytes of the budget this stream holds.
    var reserved: Int { self.target - self.initialWindow }

    /// Records bytes that were passed on; returns the WINDOW_UPDATE to send, in bytes, or `nil`.
    ///
    /// The window grows fourfold whenever as much as it holds was passed on within two round trips: then the window, not
    /// the reader, was the limit. Each step costs a round trip of waiting: doubling left two cores idle for a tenth of
    /// a transfer of 512 MiB at 20 ms, this for half of that.
    mutating func passedOn(
        _ byteCount: Int,
        now: @autoclosure () -> Duration,
        roundTrip: @autoclosure () -> Duration?,
        budget: inout WindowBudget
    ) -> Int? {
        self.uncredited += byteCount
        self.measured += byteCount
        // Often enough that the peer never waits, seldom enough that bulk costs few frames.
        guard self.uncredited >= self.target / 4 else { return nil }
        var credit = self.uncredited
        self.uncredited = 0
        if let measuringSince = self.measuringSince {
            if self.measured >= self.target {
                let elapsed = now() - measuringSince
                let period = max(StreamWindow.shortestRoundTrip, roundTrip() ?? .zero) * 2
                if elapsed <= period {
                    // Where the budget is too full for that, twice.
                    let room = WindowBudget.maximumWindow - self.target
                    let growths = [self.target * 3, self.target].map { min($0, room) }
                    if let growth = growths.first(where: { $0 > 0 && budget.reserve($0) }) {
                        self.target += growth
                        credit += growth
                    }
                }
                self.measuringSince = now()
                self.measured = 0
            }
        } else {
            self.measuringSince = now()
            self.measured = 0
        }
        return credit
    }
}
