import FoundationEssentials
import PluginConsole

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#endif

/// Where requests are recorded, as the user says it.
struct Recording: Sendable, Equatable {
    /// The file's path.
    var path: String
    /// Whether credentials are recorded, too.
    var keepsSecrets: Bool

    /// The folder it lies in.
    private var folder: String {
        guard let slash = self.path.lastIndex(of: "/") else { return "." }
        return slash == self.path.startIndex ? "/" : String(self.path[..<slash])
    }

    /// Sees whether it could be written, and writes nothing.
    ///
    /// - Throws: ``PluginFailure``.
    func check() throws {
        var state = stat()
        if stat(self.path, &state) == 0 {
            let kind = state.st_mode & S_IFMT
            guard kind != S_IFDIR else {
                throw PluginFailure("--record \(self.path) is a folder", hint: "name a file in it: requests.har")
            }
            guard kind == S_IFREG else {
                throw PluginFailure("--record \(self.path) is no regular file", hint: "name one that is new")
            }
            guard access(self.path, W_OK) == 0 else { throw self.failure(errno) }
        } else if errno != ENOENT {
            throw self.failure(errno)
        }
        guard access(self.folder, W_OK | X_OK) == 0 else { throw self.failure(errno) }
    }

    /// Why it cannot be written.
    func failure(_ code: Int32) -> PluginFailure {
        PluginFailure(
            "cannot write \(self.path): \(String(cString: strerror(code)))", hint: "name a file in a folder of yours")
    }
}
