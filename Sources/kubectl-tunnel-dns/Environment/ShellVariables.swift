/// The variables by which programs find the local proxy, in the words of a shell.
struct ShellVariables: Sendable {
    /// A shell that understands a way to set variables.
    enum Shell: String, Sendable, CaseIterable {
        /// POSIX: bash, dash, zsh.
        case sh
        /// fish.
        case fish
        /// PowerShell, on any system.
        case powershell
    }

    private let values: [(name: String, value: String)]

    /// The variables for a proxy on a local port.
    ///
    /// Both cases of each name: curl reads `http_proxy` in lower case only, others the upper one.
    ///
    /// - Parameters:
    ///   - server: The API server's URL, which kubectl goes to by itself.
    ///   - own: This machine's addresses, which the cluster has no part in.
    init(proxyPort: Int, server: String?, own: [String] = []) {
        let http = "http://127.0.0.1:\(proxyPort)"
        // Not all programs read ranges: the addresses that machines are called by are named, too.
        let loopback = ["localhost", "127.0.0.1", "127.0.1.1", "127.0.0.0/8", "0.0.0.0", "::1"]
        let others = own.filter { !loopback.contains($0) && !$0.hasPrefix("127.") }
        let direct = loopback + Set(others).sorted() + [server.flatMap { Self.host(of: $0) }].compactMap { $0 }
        let pairs = [
            ("http_proxy", http), ("https_proxy", http), ("all_proxy", "socks5h://127.0.0.1:\(proxyPort)"),
            ("no_proxy", direct.joined(separator: ",")),
        ]
        self.values = pairs.flatMap { name, value in [(name, value), (name.uppercased(), value)] }
    }

    /// What the shell has to run.
    func text(for shell: Shell) -> String {
        self.values.map { name, value in
            switch shell {
            case .sh: "export \(name)='\(value.replacing("'", with: "'\\''"))'"
            case .fish: "set -gx \(name) '\(value.replacing("\\", with: "\\\\").replacing("'", with: "\\'"))'"
            case .powershell: "$env:\(name) = '\(value.replacing("'", with: "''"))'"
            }
        }.joined(separator: "\n")
    }

    /// What the shell has to run to be as before.
    func unsettingText(for shell: Shell) -> String {
        self.values.map { name, _ in
            switch shell {
            case .sh: "unset \(name)"
            case .fish: "set -e \(name)"
            case .powershell: "Remove-Item -ErrorAction SilentlyContinue Env:\(name)"
            }
        }.joined(separator: "\n")
    }

    /// The host of a URL, without brackets.
    static func host(of url: String) -> String? {
        let rest = url.split(separator: "://", maxSplits: 1).last ?? ""
        let authority = rest.prefix { $0 != "/" }.split(separator: "@").last ?? ""
        let host =
            authority.hasPrefix("[")
            ? authority.dropFirst().prefix { $0 != "]" } : authority.prefix { $0 != ":" }
        return host.isEmpty ? nil : String(host)
    }
}
