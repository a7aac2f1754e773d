import Session
import Tunnel

extension PodFigures {
    /// What came to a session's laptop, for its Lease; `nil` for nothing.
    func traffic(of session: String) -> SessionTraffic? {
        if let mirror = self.mirrors[session] {
            guard mirror != MirrorFigures() else { return nil }
            return SessionTraffic(
                connections: mirror.copies, received: mirror.byteCount, sent: 0, lost: mirror.lost.values.reduce(0, +))
        }
        guard let counted = self.laptops[session], counted.connections > 0 else { return nil }
        return SessionTraffic(connections: counted.connections, received: counted.received, sent: counted.sent)
    }
}

extension MirrorFigures {
    /// What the plugin is told.
    var line: ControlLine {
        .mirrored(copies: self.copies, lost: Dictionary(self.lost.map { ($0.key.rawValue, $0.value) }) { $1 })
    }
}

extension TunnelMember {
    /// What its session is called in metrics.
    var kind: String { self.isMirror ? "mirror" : self.rule == nil ? "whole" : "rule" }
}
