import Kubernetes
import Synchronization

/// The bytes of an answer as they come in, filled on curl's thread and read on another.
final class Collector: Sendable {
    private let storage = Mutex<[UInt8]>([])
    private let splitter = Mutex(LineSplitter())

    func append(_ bytes: [UInt8]) {
        self.storage.withLock { $0 += bytes }
    }

    /// The lines that these bytes complete.
    func lines(completedBy bytes: [UInt8]) -> [[UInt8]] {
        self.splitter.withLock { $0.append(bytes) }
    }

    var bytes: [UInt8] { self.storage.withLock { $0 } }
}
