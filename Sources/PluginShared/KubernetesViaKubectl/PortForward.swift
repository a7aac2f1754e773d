import Synchronization

/// One `kubectl port-forward` to one port of one pod.
///
/// It carries exactly one TCP connection: a second one on the same kubectl could end the first.
public final class PortForward: Sendable {
    /// The port on 127.0.0.1 that leads to the pod. Open to every user of this machine, hence the tunnel's secret.
    public let localPort: Int
    private let child: GuardedKubectl
    private let watcher: Task<KubectlError, Never>

    /// Starts `kubectl port-forward` and waits until it listens, which it does only once it has reached the pod's node.
    ///
    /// - Throws: ``KubectlError`` with kubectl's own words.
    public static func start(
        pod: String, port: Int, pin: KubectlPin, within limit: Duration
    ) async throws(KubectlError) -> PortForward {
        let child = GuardedKubectl(["port-forward", "--address=127.0.0.1", "pod/\(pod)", ":\(port)"], pin: pin)
        switch await ReadyLine.wait(for: child, within: limit, Self.localPort(from:)) {
        case .ready(let localPort):
            return PortForward(localPort: localPort, child: child)
        case .ended(let words):
            throw KubectlError(.failed(status: await child.status), KubectlError.message(fromStandardError: words))
        case .timedOut:
            child.stop()
            throw KubectlError(.timedOut, "kubectl port-forward to pod/\(pod) was not ready within \(limit)")
        }
    }

    private init(localPort: Int, child: GuardedKubectl) {
        self.localPort = localPort
        self.child = child
        self.watcher = Task {
            var lastWords = ""
            for await line in child.lines {
                if case .error(let text) = line, !text.isEmpty { lastWords = text }
            }
            let status = await child.status
            return KubectlError(.failed(status: status), KubectlError.message(fromStandardError: lastWords))
        }
    }

    /// Why kubectl ended, once it has.
    public var ended: KubectlError {
        get async { await self.watcher.value }
    }

    /// Ends kubectl and waits for it.
    public func stop() async {
        self.child.stop()
        _ = await self.watcher.value
    }

    /// The port in `Forwarding from 127.0.0.1:41901 -> 31998`; `nil` for every other line.
    static func localPort(from line: String) -> Int? {
        let start = "Forwarding from 127.0.0.1:"
        guard line.hasPrefix(start) else { return nil }
        return Int(line.dropFirst(start.count).prefix { $0.isNumber }).flatMap { (1...65_535).contains($0) ? $0 : nil }
    }
}
