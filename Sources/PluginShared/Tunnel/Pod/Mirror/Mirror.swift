import Requests

/// A session that gets copies; on the end's event loop only.
final class Mirror {
    /// The most copies under way at once: 1,024, as many files as a process may have open by default (Linux). A process that stands
    /// at a breakpoint has them all.
    static let mostAtOnce = 1_024

    private(set) var figures = MirrorFigures()
    /// The most memory that its copies may take, in bytes.
    var share = 0
    /// Those under way.
    private var taps: [ObjectIdentifier: Tap] = [:]
    /// The memory that its copies take, in bytes.
    private(set) var held = 0
    private var hasBeenThere = false
    private unowned let mirrors: Mirrors

    init(of mirrors: Mirrors) { self.mirrors = mirrors }

    /// What its copies may take beside what they do, in bytes.
    var room: Int { min(self.share - self.held, self.mirrors.room) }

    /// Begins a copy.
    ///
    /// - Parameters:
    ///   - link: The link to its laptop.
    ///   - head: That of the request; `nil` for a connection.
    /// - Returns: `nil` for one that is lost.
    func copy(of port: ProxyPort, caller: String, through link: TunnelLink?, for head: RequestHead?) -> Tap? {
        guard let link else {
            // A laptop that was never here has lost nothing.
            if self.hasBeenThere { self.lost(.away) }
            return nil
        }
        self.hasBeenThere = true
        guard self.taps.count < Self.mostAtOnce, self.room > 0 else {
            self.lost(.full)
            return nil
        }
        let tap = Tap(mirror: self, link: link, for: head)
        guard tap.open(route: port.route, caller: caller) else {
            self.lost(.away)
            return nil
        }
        self.taps[ObjectIdentifier(tap)] = tap
        return tap
    }

    func taken() { self.figures.copies += 1 }
    func lost(_ loss: CopyLoss) { self.figures.lost[loss, default: 0] += 1 }
    func closed(_ tap: Tap) { self.taps[ObjectIdentifier(tap)] = nil }

    /// Its session leaves.
    func leave() { for tap in self.taps.values { tap.abandon() } }

    func holds(_ memory: Int, of byteCount: Int) {
        self.held += memory
        self.figures.byteCount += byteCount
    }

    func letGo(_ memory: Int) { self.held -= memory }
}
