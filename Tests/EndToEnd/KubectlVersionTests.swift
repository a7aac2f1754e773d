import Foundation
import Testing

extension EndToEnd {
    /// Real kubectl binaries: the oldest that is taken, one in the middle, and the newest. Since 1.31 a port-forward goes over
    /// WebSockets where the server can, before that over SPDY.
    @Suite struct KubectlVersionTests {
        /// The minor versions to run, as `Tests/run` has fetched them.
        static let minors = (ProcessInfo.processInfo.environment["KUBECTL_MINORS"] ?? "24 31 37")
            .split(separator: " ").compactMap { Int($0) }

        @Test("a session with kubectl 1.n: traffic comes, and all is undone", arguments: minors)
        func session(minor: Int) async throws {
            let fetched = try await run([Lab.shared.clusterScript, "kubectl", "\(minor)"])
            guard fetched.status == 0 else { throw Missed(description: fetched.everything) }
            let folder = (fetched.output.trimmingCharacters(in: .whitespacesAndNewlines) as NSString)
                .deletingLastPathComponent
            let path = ["PATH": "\(folder):\(Lab.shared.environment["PATH"] ?? "")"]
            try await Shop.with { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let doctor = try await shop.start(["doctor", "web"], environment: path).finish()
                #expect(doctor.output.contains("v1.\(minor)."), "\(doctor.everything)")
                let plugin = try await shop.intercept("--port", "3000", environment: path)
                try await shop.expect("laptop")
                try await shop.end(plugin, before: before)
                try await shop.expect("cluster")
                try await local.stop()
            }
        }
    }
}
