import FoundationEssentials
import NamespacedCommand

/// Looks whether local ports have a listener, in the kernel's tables: a connection would be seen by the process. Linux only.
struct LocalPortWatch: Sendable {
    /// The ports.
    let ports: Set<Int>

    private static let interval = Duration.seconds(1)

    /// Tells each change, until the task is cancelled. All ports have a listener at first.
    func run(_ tell: (_ port: Int, _ listens: Bool) async -> Void) async {
        var silent: Set<Int> = []
        while !Task.isCancelled {
            guard let listening = Self.listening() else { return }
            let now = self.ports.filter { !listening.contains($0) }
            for port in now.subtracting(silent) { await tell(port, false) }
            for port in silent.subtracting(now) { await tell(port, true) }
            silent = now
            try? await Task.sleep(for: Self.interval)
        }
    }

    /// The ports of this process's network namespace; `nil` where there are no such files.
    private static func listening() -> Set<Int>? {
        let texts = ["/proc/self/net/tcp", "/proc/self/net/tcp6"].compactMap {
            try? String(contentsOfFile: $0, encoding: .utf8)
        }
        return texts.isEmpty ? nil : Set(texts.flatMap(ListeningPorts.read).map(Int.init))
    }
}
