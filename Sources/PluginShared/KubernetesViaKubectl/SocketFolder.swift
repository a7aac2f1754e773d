#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#endif

/// A folder of mode 0700 for the socket of `kubectl proxy`, which whoever can open it may use with the user's rights.
struct SocketFolder: Sendable {
    /// The socket's name inside.
    static let socketName = "api"
    /// The longest path of a Unix socket: `sun_path` has 108 bytes, one of them the end (unix(7)).
    static let longestPath = 107

    /// The folder.
    let path: String
    /// The socket in it.
    var socketPath: String { self.path + "/" + Self.socketName }

    /// Makes the folder in the first place that exists and keeps the path short enough.
    ///
    /// - Throws: ``KubectlError`` with code `local`.
    static func make(environment: [String: String]) throws(KubectlError) -> SocketFolder {
        for parent in [environment["XDG_RUNTIME_DIR"], environment["TMPDIR"], "/tmp"].compactMap({ $0 }) {
            let template = parent + "/kubectl-tunnel-XXXXXX"
            guard template.utf8.count + 1 + Self.socketName.utf8.count <= Self.longestPath else { continue }
            // mkdtemp makes the folder with mode 0700.
            var bytes = Array(template.utf8CString)
            let made = bytes.withUnsafeMutableBufferPointer { buffer in
                buffer.baseAddress.map { mkdtemp($0) != nil } ?? false
            }
            if made {
                return SocketFolder(
                    path: String(decoding: bytes.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
            }
        }
        throw KubectlError(.local, "no folder for a socket could be made in $XDG_RUNTIME_DIR, $TMPDIR or /tmp")
    }
}
