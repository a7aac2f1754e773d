import Testing

@testable import kubectl_tunnel_dns

@Suite struct ShellVariablesTests {
    private let variables = ShellVariables(proxyPort: 1080, server: "https://api.example.com:6443/path")

    @Test("every shell gets its own words, and kubectl its own way")
    func shells() {
        let sh = self.variables.text(for: .sh).split(separator: "\n")
        #expect(sh.contains("export https_proxy='http://127.0.0.1:1080'"))
        #expect(sh.contains("export ALL_PROXY='socks5h://127.0.0.1:1080'"))
        #expect(sh.contains("export NO_PROXY='localhost,127.0.0.1,127.0.1.1,127.0.0.0/8,0.0.0.0,::1,api.example.com'"))
        #expect(self.variables.text(for: .fish).contains("set -gx HTTP_PROXY 'http://127.0.0.1:1080'\n"))
        #expect(self.variables.text(for: .powershell).hasPrefix("$env:http_proxy = 'http://127.0.0.1:1080'\n"))
    }

    @Test("this machine's own addresses go straight, each once")
    func own() {
        let variables = ShellVariables(
            proxyPort: 1080, server: nil, own: ["192.0.2.7", "127.0.0.1", "::1", "192.0.2.7", "2001:db8::7"])
        let text = "127.0.0.0/8,0.0.0.0,::1,192.0.2.7,2001:db8::7'"
        #expect(variables.text(for: .sh).contains("NO_PROXY='localhost,127.0.0.1,127.0.1.1,\(text)"))
    }

    @Test("what is set is unset again")
    func unset() {
        for shell in ShellVariables.Shell.allCases {
            let names = ["http_proxy", "HTTPS_PROXY", "all_proxy", "NO_PROXY"]
            for name in names { #expect(self.variables.unsettingText(for: shell).contains(name)) }
        }
    }

    @Test("a server's name cannot leave its quotes")
    func quotes() {
        let variables = ShellVariables(proxyPort: 1, server: "https://a'b\\")
        #expect(variables.text(for: .sh).contains("::1,a'\\''b\\'"))
        #expect(variables.text(for: .fish).contains("::1,a\\'b\\\\'"))
        #expect(variables.text(for: .powershell).contains("::1,a''b\\'"))
    }

    @Test(
        "hosts of URLs",
        arguments: [
            ("https://a:6443", "a"), ("https://[2001:db8::1]:6443/x", "2001:db8::1"), ("https://u@a/", "a"), ("", nil),
        ] as [(String, String?)])
    func hosts(url: String, host: String?) {
        #expect(ShellVariables.host(of: url) == host)
    }
}
