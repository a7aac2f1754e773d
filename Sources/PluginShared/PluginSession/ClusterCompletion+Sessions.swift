public import ArgumentParser
public import PluginConsole
import Session

extension ClusterCompletion {
    /// Services, but for those that sessions have created.
    public static let services = Self.names(["get", "services", "--selector=!\(Key.session)"])

    /// Services that are intercepted.
    public static let intercepted = Self.template(
        "{{range .items}}{{index .metadata.labels \"\(Key.service)\"}} {{end}}"
    ) { _ in ["get", "leases", "--selector=\(Key.service)"] }

    /// Ports for `--port`: a local port and the Service's port.
    public static let ports = Self.template("{{range .spec.ports}}{{.port}}={{.targetPort}}={{.name}} {{end}}") {
        words in
        Self.service(in: words).map { ["get", "service", $0] }
    } _: { ports, typed in
        ports.flatMap { Self.choices(port: $0, typed) }
    }

    /// What a port of a Service can be typed as.
    ///
    /// - Parameters:
    ///   - port: `PORT=TARGET=NAME`, the name without a value where there is none.
    ///   - typed: What stands there already.
    static func choices(port: String, _ typed: String) -> [String] {
        let parts = port.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3 else { return [] }
        let remote = parts[2].isEmpty || parts[2].hasPrefix("<") ? parts[0] : parts[2]
        let local = typed.split(separator: ":", omittingEmptySubsequences: false)
        if local.count > 1 { return ["\(local[0]):\(remote)"] }
        return ["\(Int(parts[1]) == nil ? parts[0] : parts[1]):\(remote)"]
    }

    /// The Service among the words: the first behind `intercept` or `mirror` that is neither a flag nor a flag's value.
    static func service(in words: [String]) -> String? {
        guard let command = words.firstIndex(where: { $0 == "intercept" || $0 == "mirror" }) else { return nil }
        let flags: Set = [
            "--force", "--take-over", "--yes", "-y", "--network-policy", "--no-failsafe", "--dns", "--dry-run",
            "--verbose", "-v", "--wait", "--no-wait", "--personal", "--show-requests", "--record-secrets",
        ]
        var isValue = false
        for word in words[(command + 1)...].dropLast() {
            if isValue {
                isValue = false
            } else if word.hasPrefix("-") {
                isValue = !word.contains("=") && !flags.contains(word)
            } else {
                return CommandRunner.serviceName(word)
            }
        }
        return nil
    }
}
