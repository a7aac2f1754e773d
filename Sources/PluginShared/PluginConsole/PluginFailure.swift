public import Kubernetes
public import KubernetesViaKubectl

/// A failure as the user sees it: one line what, one line what to do, and an exit code.
public struct PluginFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is the matter: lowercase, no period, the object named as the user typed it.
    public var summary: String
    /// What to do about it.
    public var hint: String?
    /// The process's exit code: 1 for "could not", 64 for wrong usage (`EX_USAGE` of sysexits.h), kubectl's own when
    /// kubectl failed.
    public var exitCode: Int32

    /// What is the matter.
    public var description: String { self.summary }

    /// A failure.
    public init(_ summary: String, hint: String? = nil, exitCode: Int32 = 1) {
        self.summary = summary
        self.hint = hint
        self.exitCode = exitCode
    }

    /// kubectl's failure, in its own words.
    public init(_ error: KubectlError) {
        switch error.code {
        case .notFound:
            self.init(error.message, hint: "install kubectl 1.24 or newer, and see that `kubectl version` works")
        case .failed(let status):
            self.init(
                error.message, hint: "see that `kubectl get services` works with the same flags",
                exitCode: status == 0 ? 1 : status)
        case .timedOut: self.init(error.message, hint: "see that `kubectl get services` answers quickly")
        case .local: self.init(error.message)
        }
    }

    /// What to do where a right is missing.
    ///
    /// - Parameter namespace: Where; `nil` where it is not known.
    public static func askForRole(in namespace: String? = nil) -> String {
        let place = namespace.map { " -n \($0)" } ?? ""
        return "ask an admin for the Role of `kubectl tunnel install\(place) --user-role`, or try another -n"
    }

    /// The API server's refusal, in its own words.
    ///
    /// - Parameter action: What was tried, as `create lease/tunnel-web`.
    public init(_ error: APIError, action: String) {
        let hint: String? =
            switch error.code {
            case .unauthorized: "log in again: the cluster did not accept your credentials"
            case .forbidden: Self.askForRole()
            case .unreachable: "see that `kubectl get services` works with the same flags"
            case .notFound, .alreadyExists, .conflict, .gone, .invalid, .status, .malformed: nil
            }
        self.init("cannot \(action): \(error.message)", hint: hint)
    }
}
