public import Session

/// The client that does a session's writes: the plugin itself, or the controller for it.
public protocol SessionWriting: Sendable {
    /// Does a write, or does nothing where it is done already.
    ///
    /// - Returns: What became of the Service, where it was to be restored.
    /// - Throws: ``WriteFailure``, or `CancellationError`; safe to call again.
    func perform(_ write: SessionWrite) async throws -> RestoreOutcome?
}
