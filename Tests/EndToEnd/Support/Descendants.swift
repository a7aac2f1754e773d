import Foundation

/// A process as /proc shows it; the start time tells it from a later one with the same number.
struct ProcessEntry: Sendable, CustomStringConvertible {
    let pid: pid_t
    let parent: pid_t
    let command: String
    private let start: String

    /// Reads a process; `nil` when it is none, or has ended and was not collected yet.
    init?(_ pid: pid_t) {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = stat.lastIndex(of: ")"),
            let line = try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)
        else { return nil }
        // From the third field on, proc(5): state, parent, …, the 22nd is the start time.
        let fields = stat[stat.index(after: end)...].split(separator: " ").map(String.init)
        guard fields.count > 19, fields[0] != "Z", let parent = pid_t(fields[1]) else { return nil }
        self.pid = pid
        self.parent = parent
        self.start = fields[19]
        self.command = line.split(separator: "\0").joined(separator: " ")
    }

    var isRunning: Bool { ProcessEntry(self.pid)?.start == self.start }
    var description: String { "\(self.pid) \(self.command)" }
}

/// The children of a process and theirs.
enum Descendants {
    static func of(_ ancestor: pid_t) -> [ProcessEntry] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let all = names.compactMap { pid_t($0) }.compactMap(ProcessEntry.init)
        var found: [ProcessEntry] = []
        var parents: Set<pid_t> = [ancestor]
        while !parents.isEmpty {
            let children = all.filter { parents.contains($0.parent) }
            found += children
            parents = Set(children.map(\.pid))
        }
        return found
    }
}
