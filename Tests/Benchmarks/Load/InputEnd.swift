import Glibc
import Synchronization

/// Waits for the end of standard input beside whatever else goes on.
final class InputEnd: Sendable {
    private let over = Atomic(false)

    var isOver: Bool { self.over.load(ordering: .relaxed) }

    func run() {
        onThread {
            while getchar() != EOF {}
            self.over.store(true, ordering: .relaxed)
        }
    }
}
