/// What a pod's end has counted since its start, and how it is now.
public struct PodFigures: Sendable, Equatable {
    /// By session: of those that it knows.
    public var laptops: [String: Traffic]
    /// Of all laptops, those included whose sessions have left.
    public var laptopTotal: Traffic
    /// What mirrors have got, by session.
    public var mirrors: [String: MirrorFigures]
    /// The same of all, those included whose sessions have left.
    public var mirrorTotal: MirrorFigures
    /// The memory that copies take which wait for laptops, in bytes.
    public var copiesWaiting: Int
    /// Of the origin.
    public var origin: Traffic
    /// How many connections passed through, and why.
    public var passedThrough: [PassThroughReason: Int]
    /// Connections that are open.
    public var open: Int
    /// The last round trip of each session's link that has one.
    public var roundTrips: [String: Duration]

    /// Figures.
    public init(
        laptops: [String: Traffic], laptopTotal: Traffic, mirrors: [String: MirrorFigures] = [:],
        mirrorTotal: MirrorFigures = MirrorFigures(), copiesWaiting: Int = 0, origin: Traffic,
        passedThrough: [PassThroughReason: Int],
        open: Int, roundTrips: [String: Duration]
    ) {
        self.laptops = laptops
        self.laptopTotal = laptopTotal
        self.mirrors = mirrors
        self.mirrorTotal = mirrorTotal
        self.copiesWaiting = copiesWaiting
        self.origin = origin
        self.passedThrough = passedThrough
        self.open = open
        self.roundTrips = roundTrips
    }
}
