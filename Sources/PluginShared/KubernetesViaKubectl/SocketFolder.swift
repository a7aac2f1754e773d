#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#endif

/// A folder of mode 0700 for the socket of `kubectl proxy`: any process that can open it may use the API with the user's rights.
struct SocketFolder: Sendable {
    /// The socket's name inside.
    static let socketName = "api"
    /// The longest path of a Unix socket: `sun_path` has 108 bytes, one of them the end (unix(7)).
    static let longestPath = 107

    /// The folder.
    let path: String
    /// The socket in it.
    var socketPath: String { self.path + "/" + Self.socketName }

    /// How old a folder without a socket has to be, in seconds: kubectl makes its socket within one.
    private static let longestStart = 60
    /// How old one has to be on whose socket nobody listens: there is a moment between bind() and listen().
    private static let longestBind = 5

    /// Deletes what plugins have left that were killed together with their guards: folders of this user with a socket on
    /// which nobody listens, or with none.
    ///
    /// How old they are is told by this folder, which was made just now: this process's own clock may be wrong.
    private func sweepOthers(in parent: String) {
        guard let stream = opendir(parent), let now = Self.changeTime(of: self.path) else { return }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            // As mkdtemp(3) names them.
            guard name.hasPrefix("kubectl-tunnel-"), name.utf8.count == "kubectl-tunnel-".utf8.count + 6 else {
                continue
            }
            let folder = SocketFolder(path: "\(parent)/\(name)")
            guard let changedAt = Self.changeTime(of: folder.path), folder.isAbandoned(age: now - changedAt) else {
                continue
            }
            unlink(folder.socketPath)
            rmdir(folder.path)
        }
    }

    /// When a folder was changed, in seconds of the file system's clock; `nil` where it is no folder of this user.
    private static func changeTime(of path: String) -> Int? {
        var state = stat()
        guard lstat(path, &state) == 0, state.st_mode & S_IFMT == S_IFDIR, state.st_uid == geteuid() else { return nil }
        #if canImport(Darwin)
            return state.st_mtimespec.tv_sec
        #else
            return state.st_mtim.tv_sec
        #endif
    }

    private func isAbandoned(age seconds: Int) -> Bool {
        guard seconds > Self.longestBind else { return false }
        var state = stat()
        guard lstat(self.socketPath, &state) == 0 else { return seconds > Self.longestStart }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: self.socketPath.utf8.prefix($0.count - 1)) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return result != 0 && errno == ECONNREFUSED
    }

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
                let folder = SocketFolder(
                    path: String(decoding: bytes.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
                folder.sweepOthers(in: parent)
                return folder
            }
        }
        throw KubectlError(.local, "no folder for a socket could be made in $XDG_RUNTIME_DIR, $TMPDIR or /tmp")
    }
}
