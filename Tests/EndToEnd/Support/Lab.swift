import Foundation

/// The local cluster and the programs under test, as `Tests/run` hands them over in the environment.
///
/// The tests run inside the laptop's network namespace; the node's is entered by a command.
struct Lab: Sendable {
    /// Whether there is a cluster to test on.
    static let isAvailable = ProcessInfo.processInfo.environment["KUBECTL_TUNNEL_END_TO_END"] != nil

    /// Whether every case is run of what usually takes a sample (`make test-all`).
    static let isThorough = ProcessInfo.processInfo.environment["THOROUGH"] != nil

    /// How long a test may take; of several limits the shortest counts, and `make chaos` takes hours.
    static let minutesPerTest = ProcessInfo.processInfo.environment["CHAOS_FOLDER"] == nil ? 10 : 180

    /// The minor version of the cluster's server.
    static let serverMinor =
        (ProcessInfo.processInfo.environment["CLUSTER_VERSION"] ?? "1.20")
        .split(separator: ".").dropFirst().first.flatMap { Int($0) } ?? 20

    /// The lab of this run.
    static let shared = Lab()

    let environment = ProcessInfo.processInfo.environment
    /// A folder for logs and kubeconfigs of this run.
    let folder: URL

    private init() {
        self.folder = URL(fileURLWithPath: NSTemporaryDirectory()).appendingPathComponent("kubectl-tunnel-tests")
        try? FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
    }

    private func variable(_ name: String) -> String { self.environment[name] ?? "" }

    var kubectl: String { self.variable("CLUSTER_KUBECTL") }
    var plugin: String { self.variable("KUBECTL_TUNNEL_PLUGIN") }
    /// `kubectl tunnel-dns`, which is built beside the other plugin.
    var namesPlugin: String { (self.plugin as NSString).deletingLastPathComponent + "/kubectl-tunnel_dns" }
    var proxyImage: String { self.variable("KUBECTL_TUNNEL_IMAGE") }
    var workloadImage: String { self.variable("CLUSTER_WORKLOAD_IMAGE") }
    var clusterScript: String { self.variable("CLUSTER_SCRIPT") }
    /// The words that run a command on the node.
    var node: [String] { self.variable("CLUSTER_NODE").split(separator: " ").map(String.init) }
    /// The addresses of the two sides of the only wire.
    var nodeAddress: String { self.variable("CLUSTER_NODE_IP") }
    var laptopAddress: String { self.variable("CLUSTER_LAPTOP_IP") }
    /// An address outside the cluster, `db.outside.test`, that only the cluster reaches.
    var outsideAddress: String { self.variable("CLUSTER_OUTSIDE_IP") }
    /// Where resolvers are unpacked.
    var resolvers: String { self.variable("CLUSTER_RESOLVERS") }
    /// Where Google's CEL for Python is unpacked.
    var cel: String { self.variable("CLUSTER_CEL") }
    var workload: String { self.variable("KUBECTL_TUNNEL_WORKLOAD") }

    /// The environment of another client at a laptop who has the admin's rights.
    func colleague(_ name: String) -> [String: String] { ["USER": name, "KUBECONFIG": self.kubeconfig("admin")] }

    /// A user's kubeconfig: `admin`, `alice`, `bob` or `carol`.
    func kubeconfig(_ user: String) -> String { self.variable("CLUSTER_STATE") + "/kubeconfig/\(user)" }

    /// The path of the cluster's certificate authority without `.crt` and `.key`.
    var authority: String { self.state + "/pki/ca" }
    /// The cluster's folder.
    var state: String { self.variable("CLUSTER_STATE") }

    /// The environment of a laptop: its own kubeconfig, user and host name, and kubectl on its path.
    func laptop(user: String = "admin", host: String = "laptop") -> [String: String] {
        let directory = (self.kubectl as NSString).deletingLastPathComponent
        return self.environment.merging([
            "KUBECONFIG": self.kubeconfig(user), "USER": user, "KUBECTL_TUNNEL_HOST": host,
            "PATH": "\(directory):\(self.variable("PATH"))",
        ]) { _, new in new }
    }
}
