public import ArgumentParser
import Session

/// The flags of what runs a pod of a session.
public struct PodOptions: ParsableArguments {
    /// The image.
    @Option(help: "The proxy's image. Default: $KUBECTL_TUNNEL_IMAGE, or this version's.")
    public var image: String?

    /// The pull secret's name.
    @Option(help: "The Secret with the registry's credentials.")
    public var imagePullSecret: String?

    /// The Lease's duration, in seconds.
    @Option(help: "For how many seconds this machine may be silent before the cluster ends the session (5 to 600).")
    public var leaseDuration = LeaseClock.usualSeconds

    /// How long to wait for the pod, in seconds.
    @Option(help: "For how many seconds to wait for the pod to be ready.")
    public var timeout = 60

    /// As ArgumentParser wants it.
    public init() {}

    /// - Throws: `ValidationError` for numbers out of their range.
    public func validate() throws {
        guard LeaseClock.durations.contains(self.leaseDuration) else {
            throw ValidationError("--lease-duration \(self.leaseDuration): expected 5 to 600 seconds")
        }
        guard (1...3600).contains(self.timeout) else {
            throw ValidationError("--timeout \(self.timeout): expected 1 to 3600 seconds")
        }
    }
}
