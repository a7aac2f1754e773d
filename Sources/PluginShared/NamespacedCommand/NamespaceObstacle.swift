/// Why namespaces cannot be made here, as far as the kernel's switches say.
enum NamespaceObstacle {
    /// The switch that forbids them, and how it is turned; `nil` when none of the known ones does.
    ///
    /// - Parameter read: The first line of a file below /proc/sys; `nil` when it is not there.
    static func find(_ read: (String) -> String?) -> (reason: String, hint: String)? {
        func found(_ name: String, _ value: String, wanted: String) -> (reason: String, hint: String) {
            (
                "user namespaces are forbidden here: \(name) is \(value)",
                "an administrator allows them with `sysctl \(name)=\(wanted)`; or use `kubectl tunnel-dns up --mode proxy`"
            )
        }
        if read("kernel/unprivileged_userns_clone") == "0" {
            return found("kernel.unprivileged_userns_clone", "0", wanted: "1")
        }
        for kind in ["user", "net", "mnt"] where read("user/max_\(kind)_namespaces") == "0" {
            return found("user.max_\(kind)_namespaces", "0", wanted: "15000")
        }
        if let value = read("kernel/apparmor_restrict_unprivileged_userns"), value != "0" {
            return found("kernel.apparmor_restrict_unprivileged_userns", value, wanted: "0")
        }
        return nil
    }
}
