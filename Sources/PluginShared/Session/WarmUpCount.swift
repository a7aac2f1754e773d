/// Which of the proxy's pods the warm-up Service counts. Its port has this name: the endpoint controller puts it into the
/// slices, which thereby say how they were counted.
public enum WarmUpCount: String, Sendable, Codable {
    /// Those that are ready and do not end.
    case ready
    /// Those that a Service with `publishNotReadyAddresses` gives traffic: all.
    case published

    var publishesNotReady: Bool { self == .published }
}
