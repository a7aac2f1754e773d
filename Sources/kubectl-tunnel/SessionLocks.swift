import Session

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#endif

/// Files of this machine that plugins keep locked while their sessions last, so that a later one knows which of this user's
/// sessions have died. The kernel unlocks a file with its process, however that ends.
struct SessionLocks: Sendable {
    private static let prefix = "kubectl-tunnel-session-"
    /// How old a file is that nobody can need any more, in seconds: twice the longest that a cluster waits for a laptop.
    private static let oldest = 1200

    /// Where they are.
    let folder: String

    /// The files in a folder.
    init(folder: String) {
        self.folder = folder
    }

    /// The files of the user of this environment.
    init(_ environment: [String: String]) {
        let folders = [environment["XDG_RUNTIME_DIR"], environment["TMPDIR"]]
        self.folder = folders.compactMap(\.self).first { !$0.isEmpty } ?? "/tmp"
    }

    /// Locks the file of a session until the process ends.
    ///
    /// - Returns: Whether there is one; without it a later plugin cannot tell.
    @discardableResult
    func hold(_ session: SessionID) -> Bool {
        let flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        let descriptor = open(self.path(session), flags, 0o600)
        guard descriptor >= 0 else { return false }
        var state = stat()
        if fstat(descriptor, &state) == 0 { self.sweep(now: Self.changeTime(state)) }
        // Never closed: that would unlock it.
        return flock(descriptor, LOCK_EX | LOCK_NB) == 0
    }

    /// Whether a session's plugin ran on this machine, as this user, and has died.
    func hasDied(_ session: SessionID) -> Bool { self.isUnlocked(self.path(session)) }

    /// Takes the file of a session away.
    func remove(_ session: SessionID) { unlink(self.path(session)) }

    private func isUnlocked(_ path: String) -> Bool {
        let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var state = stat()
        guard fstat(descriptor, &state) == 0, state.st_uid == geteuid() else { return false }
        return flock(descriptor, LOCK_EX | LOCK_NB) == 0
    }

    /// Deletes what killed plugins have left long ago.
    private func sweep(now: Int) {
        guard let stream = opendir(self.folder) else { return }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasPrefix(Self.prefix) else { continue }
            let path = "\(self.folder)/\(name)"
            var state = stat()
            guard lstat(path, &state) == 0, now - Self.changeTime(state) > Self.oldest, self.isUnlocked(path) else {
                continue
            }
            unlink(path)
        }
    }

    private func path(_ session: SessionID) -> String { "\(self.folder)/\(Self.prefix)\(session)" }

    private static func changeTime(_ state: stat) -> Int {
        #if canImport(Darwin)
            state.st_mtimespec.tv_sec
        #else
            state.st_mtim.tv_sec
        #endif
    }
}
