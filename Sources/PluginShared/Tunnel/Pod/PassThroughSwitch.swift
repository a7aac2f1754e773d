import Synchronization

/// Whether every new connection goes to the origin; can be thrown from anywhere, and holds from the next accept on.
final class PassThroughSwitch: Sendable {
    private let state = Atomic<Bool>(false)

    /// Whether it is on.
    var isOn: Bool {
        get { self.state.load(ordering: .sequentiallyConsistent) }
        set { self.state.store(newValue, ordering: .sequentiallyConsistent) }
    }
}
