import Foundation

/// A client without any rights on this machine, with a folder of their own: kubeconfig, runtime folder, and copies of the
/// programs, which are not to be looked for in root's folders.
struct Nobody: Sendable {
    let folder: String

    /// Where the folders of this run are: with 140 MB of programs each, they go with it.
    private static let home: String = {
        atexit { try? FileManager.default.removeItem(atPath: Nobody.home) }
        return "/tmp/kt-nobody-\(ProcessInfo.processInfo.processIdentifier)"
    }()

    init() throws {
        let lab = Lab.shared
        let folder = "\(Self.home)/\(UUID().uuidString.prefix(8))"
        self.folder = folder
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let programs = [
            "config": lab.kubeconfig("admin"), "kubectl": lab.kubectl, "kubectl-tunnel_dns": lab.namesPlugin,
            "kubectl-tunnel": lab.plugin,
        ]
        for (name, source) in programs {
            try FileManager.default.copyItem(atPath: source, toPath: folder + "/" + name)
            chmod(folder + "/" + name, 0o755)
        }
        for path in [folder, folder + "/config"] {
            chmod(path, 0o700)
            chown(path, 65_534, 65_534)
        }
    }

    /// What starts a program as nobody.
    static let launcher = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

    var namesPlugin: String { self.folder + "/kubectl-tunnel_dns" }
    var plugin: String { self.folder + "/kubectl-tunnel" }

    /// The environment, beside what a laptop has anyway.
    var environment: [String: String] {
        [
            "KUBECONFIG": self.folder + "/config", "XDG_RUNTIME_DIR": self.folder, "HOME": self.folder,
            "TMPDIR": "/tmp", "PATH": "\(self.folder):/usr/bin:/bin", "USER": "nobody",
        ]
    }
}
