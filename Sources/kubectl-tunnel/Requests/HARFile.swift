import PluginConsole

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#endif

/// A HAR file that grows by an entry a line, and is whole behind each of them.
///
/// An entry and new closing brackets are written behind the old ones, and then three bytes make these part of the list. Who is
/// killed before that leaves the file as it was, and something behind it: ``HARDocument`` reads up to there.
final class HARFile {
    /// What ends the file. No entry has a newline in it.
    static let tail = "\n]}}\n"

    private let recording: Recording
    private let descriptor: Int32
    /// Where the closing brackets begin.
    private var end: Int
    private(set) var count = 0

    /// Makes a file without entries, which only its owner may read, in the place of one that is there.
    ///
    /// - Throws: ``PluginFailure``.
    init(_ recording: Recording, creator: String, version: String) throws {
        self.recording = recording
        let head = #"{"log":{"version":"1.2","creator":{"name":"\#(creator)","version":"\#(version)"},"entries":["#
        // What is there stays until the new one is whole.
        let path = "\(recording.path).\(getpid())"
        unlink(path)
        self.descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        self.end = head.utf8.count
        guard self.descriptor >= 0 else { throw recording.failure(errno) }
        guard self.write(head + Self.tail, at: 0), rename(path, recording.path) == 0 else {
            let code = errno
            unlink(path)
            throw recording.failure(code)
        }
    }

    deinit { close(self.descriptor) }

    /// Adds an entry: JSON in one line.
    ///
    /// - Throws: ``PluginFailure``, with the file as it was.
    func append(_ entry: String) throws {
        let next = self.end + Self.tail.utf8.count
        guard self.write(entry + Self.tail, at: next) else {
            let code = errno
            ftruncate(self.descriptor, off_t(next))
            throw self.recording.failure(code)
        }
        guard self.write(self.count == 0 ? "   " : ",  ", at: self.end + 1) else { throw self.recording.failure(errno) }
        self.end = next + entry.utf8.count
        self.count += 1
    }

    private func write(_ text: String, at position: Int) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            var written = 0
            while written < bytes.count {
                let count = pwrite(
                    self.descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written,
                    off_t(position + written))
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                written += count
            }
            return true
        }
    }
}
