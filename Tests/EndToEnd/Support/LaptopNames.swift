import Foundation

/// A name server of the laptop's own, with another world than the cluster's: whatever is asked of the wrong one shows.
///
/// Real BIND, as a copy: AppArmor knows the packaged program by its path, and keeps it from other folders.
struct LaptopNames: Sendable {
    private static let address = "127.0.0.1"
    private let process: Running
    private let folder: URL

    /// What starts a program to which this is the machine's name server.
    var setting: [String] {
        let script = "mount --bind \(self.folder.path)/resolv.conf /etc/resolv.conf && exec \"$@\""
        return ["unshare", "--mount", "sh", "-c", script, "sh"]
    }

    /// Starts it. `home.test`, `db.outside.test`, which is elsewhere for the cluster, and everything in `cluster.local`, of
    /// which it has no idea, are the laptop's own address.
    static func start() async throws -> LaptopNames {
        let folder = Lab.shared.folder.appendingPathComponent("names-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: "/usr/sbin/named", toPath: folder.path + "/named")
        let laptop = Lab.shared.laptopAddress
        let files = [
            "resolv.conf": "nameserver \(Self.address)\n",
            "zone": """
            $TTL 5
            . SOA ns.home.test. hostmaster.home.test. 1 7200 1800 86400 5
            . NS ns.home.test.
            ns.home.test. A 127.0.0.1
            home.test. A \(laptop)
            db.outside.test. A \(laptop)
            *.cluster.local. A \(laptop)

            """,
            "named.conf": """
            options {
                directory "\(folder.path)"; pid-file none; session-keyfile none; managed-keys-directory "\(folder.path)";
                listen-on { \(Self.address); }; listen-on-v6 { none; };
                recursion yes; dnssec-validation no; empty-zones-enable no;
            };
            controls {};
            zone "." { type primary; file "zone"; };

            """,
        ]
        for (name, text) in files {
            try text.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
        }
        let process = try Running([folder.path + "/named", "-g", "-n", "1", "-c", folder.path + "/named.conf"])
        try await eventually(within: 20, "the laptop's name server answers: \(process.error)") {
            try await run(["dig", "+short", "+tries=1", "+time=1", "@\(Self.address)", "home.test"]).output
                == "\(laptop)\n"
        }
        return LaptopNames(process: process, folder: folder)
    }

    func stop() async throws {
        self.process.send(SIGKILL)
        _ = try await self.process.finish()
        try? FileManager.default.removeItem(at: self.folder)
    }
}
