import Requests

/// The sessions that get copies, and of what; on the end's event loop only.
final class Mirrors {
    /// The most memory that all copies take which wait for laptops: 16 MiB, an eighth of the pod's. Mirrors share it evenly.
    static let limit = 16 * 1_048_576

    /// By session.
    private var mirrors: [String: Mirror] = [:]
    /// By route.
    private var tables: [String: MirrorTable<String>] = [:]
    /// Of sessions that have left.
    private var former = MirrorFigures()

    /// From now on these are the sessions.
    ///
    /// - Returns: The routes whose callers are read by others than before.
    func take(_ sessions: [PodSession], at ports: [ProxyPort]) -> Set<String> {
        let mirrors = sessions.filter(\.isMirror)
        for (session, mirror) in self.mirrors where !mirrors.contains(where: { $0.id == session }) {
            self.former.add(mirror.figures)
            self.mirrors[session] = nil
        }
        for session in mirrors where self.mirrors[session.id] == nil { self.mirrors[session.id] = Mirror(of: self) }
        for mirror in self.mirrors.values { mirror.share = Self.limit / self.mirrors.count }
        var changed: Set<String> = []
        for port in ports {
            let entries = mirrors.filter { $0.routes.contains(port.route) }.map { ($0.id, $0.rule) }
            let table = entries.isEmpty ? nil : MirrorTable(entries)
            if table != self.tables[port.route] { changed.insert(port.route) }
            self.tables[port.route] = table
        }
        return changed
    }

    /// Who gets copies at a port; `nil` for nobody.
    func table(at port: ProxyPort) -> MirrorTable<String>? { self.tables[port.route] }

    /// A session's; `nil` for one that gets no copies.
    subscript(session: String) -> Mirror? { self.mirrors[session] }

    /// What copies may take beside what they do, in bytes: those of a mirror that was alone may take more than its share.
    var room: Int { Self.limit - self.held }

    /// The memory that copies take which wait for laptops, in bytes.
    var held: Int { self.mirrors.values.reduce(0) { $0 + $1.held } }

    /// What each has got.
    var figures: [String: MirrorFigures] { self.mirrors.mapValues(\.figures) }

    /// What all have got, those included whose sessions have left.
    var total: MirrorFigures { self.mirrors.values.reduce(into: self.former) { $0.add($1.figures) } }
}
