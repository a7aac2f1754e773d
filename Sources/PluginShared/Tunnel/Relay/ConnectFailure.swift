import NIOCore
import NIOPosix

/// Turns the library's errors about a connect() into a few words.
public enum ConnectFailure {
    /// The reason, e.g. `connection refused`.
    public static func describe(_ error: any Error) -> String {
        switch error {
        case let error as IOError:
            return ConnectFailure.describe(errno: error.errnoCode)
        case ChannelError.connectTimeout:
            return "no answer in time"
        case let error as NIOConnectionError:
            if let single = error.connectionErrors.first { return ConnectFailure.describe(single.error) }
            return "the name \(error.host) could not be resolved"
        default:
            return "\(error)"
        }
    }

    /// Whether the other side said no (ECONNREFUSED on Linux and macOS).
    static func isRefusal(_ error: any Error) -> Bool {
        [111, 61].contains((error as? IOError)?.errnoCode)
    }

    private static func describe(errno code: CInt) -> String {
        // strerror's text for the common ones, lowercase; the number for the rest.
        switch code {
        case 111, 61: return "connection refused"
        case 113, 65: return "no route to host"
        case 101, 51: return "network is unreachable"
        case 110, 60: return "no answer in time"
        case 24, 23: return "too many open files"
        case 104, 54: return "connection reset"
        default: return "system error \(code)"
        }
    }
}
