import Foundation
import Testing

/// Processes of the session's pods, which this machine sees, too.
enum PodProcess {
    /// The program of the newest pod of a component: `proxy`, `gateway`.
    static func pid(of component: String, _ shop: Shop) async throws -> pid_t {
        let uid = try await kubectl(
            "-n", shop.namespace, "get", "pods", "-l", "kubectl-tunnel/component=\(component)",
            "--sort-by=.metadata.creationTimestamp", "-o", "jsonpath={.items[-1:].metadata.uid}")
        let all = try await run(["pgrep", "-x", "proxy"]).output.split(separator: "\n").compactMap { pid_t($0) }
        func cgroup(_ pid: pid_t) -> String {
            let data = FileManager.default.contents(atPath: "/proc/\(pid)/cgroup") ?? Data()
            return String(decoding: data, as: UTF8.self).replacingOccurrences(of: "_", with: "-")
        }
        return try #require(all.first { cgroup($0).contains(uid) }, "\(uid): \(all.map(cgroup))")
    }

    /// The memory that a process has for itself, in KiB.
    static func memory(of pid: pid_t) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") })
        return try #require(line.split(whereSeparator: { " \t".contains($0) }).dropFirst().first.flatMap { Int($0) })
    }
}
