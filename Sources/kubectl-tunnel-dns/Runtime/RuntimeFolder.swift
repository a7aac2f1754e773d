import FoundationEssentials
import PluginConsole

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#endif

/// Where running sessions leave their record and socket: a folder of mode 0700 that is this user's own.
struct RuntimeFolder: Sendable {
    /// The folder.
    let path: String

    /// Makes the folder, or takes the one that is there.
    ///
    /// - Throws: ``PluginFailure`` when it belongs to another user, or is open to others.
    static func open(_ environment: [String: String]) throws -> RuntimeFolder {
        let own = environment["XDG_RUNTIME_DIR"].flatMap { $0.hasPrefix("/") ? $0 + "/kubectl-tunnel-dns" : nil }
        let path = own ?? "/tmp/kubectl-tunnel-dns-\(geteuid())"
        if mkdir(path, 0o700) != 0, errno != EEXIST {
            throw PluginFailure("cannot make the folder \(path): \(String(cString: strerror(errno)))")
        }
        var state = stat()
        // What is shared, as /tmp is, may have a link or another's folder under this name.
        guard lstat(path, &state) == 0, state.st_mode & S_IFMT == S_IFDIR, state.st_uid == geteuid(),
            state.st_mode & 0o077 == 0
        else {
            throw PluginFailure(
                "the folder \(path) is not yours alone", hint: "remove it, or set XDG_RUNTIME_DIR to a folder of yours")
        }
        return RuntimeFolder(path: path)
    }

    /// Whether a session has left its record.
    func has(_ session: String) -> Bool { self.records().contains { $0.session == session } }

    /// The socket on which a session answers.
    func socket(of session: String) -> String { "\(self.path)/\(session).sock" }
    /// What a session that runs without a terminal says.
    func log(of session: String) -> String { "\(self.path)/\(session).log" }
    private func recordPath(of session: String) -> String { "\(self.path)/\(session).json" }

    /// Writes a session's record, whole or not at all.
    func write(_ record: UpRecord) throws {
        let file = URL(filePath: self.recordPath(of: record.session))
        try JSONEncoder().encode(record).write(to: file, options: .atomic)
    }

    /// The records of all sessions, running or dead, the oldest first; files that are none are left out.
    func records() -> [UpRecord] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: self.path)) ?? []
        return names.filter { $0.hasSuffix(".json") }.compactMap { name in
            guard let data = try? Data(contentsOf: URL(filePath: "\(self.path)/\(name)")) else { return nil }
            return try? JSONDecoder().decode(UpRecord.self, from: data)
        }.sorted { $0.startedAt < $1.startedAt }
    }

    /// Removes what a session has left here.
    func remove(_ session: String) {
        for path in [self.socket(of: session), self.recordPath(of: session), self.log(of: session)] { unlink(path) }
    }
}
