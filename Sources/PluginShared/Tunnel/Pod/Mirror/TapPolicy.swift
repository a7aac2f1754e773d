/// Decides what becomes of one copy, which waits for nobody and makes nobody wait: what does not fit ends it. A value.
struct TapPolicy {
    /// The most memory that the bytes of a copy take while they wait for the laptop: 256 KiB, a stream's usual window.
    static let limit = 262_144

    /// What to do with bytes of the caller.
    enum OnBytes: Equatable {
        /// Send them.
        case write
        /// Reset the copy: it is lost.
        case drop(CopyLoss)
        /// Nothing: it is over.
        case ignore
    }

    private enum State {
        /// More may come. Next: `written`, `over`.
        case open
        /// Nothing more comes for now. Next: `open`, `over`.
        case written
        case over
    }

    private var state = State.open
    /// The memory of bytes that are not on their way.
    private(set) var waiting = 0
    private var laptopHasEnded = false

    /// Whether nothing is left to do.
    var isOver: Bool { self.state == .over }

    /// Records bytes.
    ///
    /// - Parameters:
    ///   - memory: What they take.
    ///   - room: What the mirror's copies may take beside what they do.
    mutating func offered(_ memory: Int, room: Int) -> OnBytes {
        guard self.state == .open else { return .ignore }
        guard !self.laptopHasEnded else { return self.drop(.refused) }
        guard memory <= room, self.waiting + memory <= Self.limit else { return self.drop(.full) }
        self.waiting += memory
        return .write
    }

    /// Records that bytes are on their way, or will never be.
    mutating func sent(_ memory: Int) { self.waiting -= memory }

    /// Whether all that came of it was offered.
    var isWritten: Bool { self.state == .written }

    /// Records that another request begins.
    mutating func reopened() { if self.state == .written { self.state = .open } }

    /// Records that nothing more comes for now.
    mutating func finished() { if self.state == .open { self.state = self.laptopHasEnded ? .over : .written } }

    /// Records that the laptop's process sends no more.
    mutating func laptopEnded() {
        self.laptopHasEnded = true
        if self.state == .written { self.state = .over }
    }

    /// Records that the stream is gone.
    ///
    /// - Returns: Whether that took something of the copy.
    mutating func failed() -> Bool {
        defer { self.state = .over }
        return self.state == .open || self.state == .written && self.waiting > 0
    }

    private mutating func drop(_ loss: CopyLoss) -> OnBytes {
        self.state = .over
        return .drop(loss)
    }
}
