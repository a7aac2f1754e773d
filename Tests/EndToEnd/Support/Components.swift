import FaultBench
import Foundation

/// The cluster's own processes, which tests may stop and kill.
enum Component: String, Sendable {
    case kubelet
    case server = "kube-apiserver"

    /// The process as it is now.
    var process: ProcessEntry? {
        let record = try? String(contentsOfFile: Lab.shared.state + "/pid/\(self.rawValue)", encoding: .utf8)
        return record?.split(separator: " ").first.flatMap { pid_t($0) }.flatMap { ProcessEntry($0) }
    }

    /// Sends a signal to it.
    func send(_ signal: Int32) {
        if let process { kill(process.pid, signal) }
    }

    /// Kills it, starts it again, and waits until it answers.
    func killAndStart() async throws {
        self.send(SIGKILL)
        let process = self.process
        try await eventually(within: 10, "\(self.rawValue) is gone") { process?.isRunning != true }
        let result = try await run([Lab.shared.clusterScript, "start", self.rawValue], within: 90)
        guard result.status == 0 else { throw Missed(description: result.everything) }
    }
}

/// The process of a session's proxy, which runs on this machine like everything in the cluster.
enum ProxyProcess {
    /// The one whose environment names the session.
    static func of(session: String) -> ProcessEntry? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        for pid in names.compactMap({ pid_t($0) }) {
            guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/environ"), !data.isEmpty,
                data.range(of: Data("KUBECTL_TUNNEL_CONFIGURATION=".utf8)) != nil,
                data.range(of: Data("/\(session)\"".utf8)) != nil, let process = ProcessEntry(pid)
            else { continue }
            return process
        }
        return nil
    }
}

/// Seconds of the clock that the clients and the observer write down, too.
func monotonicSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Prints a line at once, also into a pipe: a run takes long.
func tell(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
}
