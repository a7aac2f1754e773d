import FaultBench
import Foundation

/// A laptop's way to the API server through a relay, and the kubeconfig that leads there.
struct BadNetwork: Sendable {
    let relay: FaultRelay
    let kubeconfig: String

    init(user: String = "admin") throws {
        let address = Lab.shared.environment["CLUSTER_NODE_IP"] ?? ""
        self.relay = try FaultRelay(to: address, port: 6443)
        let text = try String(contentsOfFile: Lab.shared.kubeconfig(user), encoding: .utf8)
        self.kubeconfig = Lab.shared.folder.appendingPathComponent(UUID().uuidString + ".kubeconfig").path
        try text.replacingOccurrences(of: "https://\(address):6443", with: "https://127.0.0.1:\(self.relay.port)")
            .write(toFile: self.kubeconfig, atomically: true, encoding: .utf8)
    }

    /// What differs in the environment of a laptop behind it.
    var environment: [String: String] { ["KUBECONFIG": self.kubeconfig] }
}
