import Foundation
import Testing

extension EndToEnd {
    /// A kubeconfig whose credentials come from a program that asks a person to log in.
    @Suite struct CredentialPluginTests {
        /// Says what to do, takes its time, and gives the admin's certificate.
        private static func script(_ kubeconfig: String) -> String {
            #"""
            #!/bin/bash
            echo "To sign in, enter the code ABCD-1234" >&2
            # Longer than a request may take as a rule, which is 15 s.
            sleep 16
            data() { sed -n "s/^ *$1-data: \"\(.*\)\"/\1/p" '\#(kubeconfig)' | head -n 1 | base64 -d; }
            python3 - "$(data client-certificate)" "$(data client-key)" <<'PY'
            import json, sys
            print(json.dumps({"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential",
                "status": {"clientCertificateData": sys.argv[1], "clientKeyData": sys.argv[2]}}))
            PY
            """#
        }

        @Test("what a credential plugin says reaches the terminal, and the first request waits for the login")
        func login() async throws {
            let folder = Lab.shared.folder.appendingPathComponent(UUID().uuidString)
            // A path without a slash, as kubectl would write it for one beside its file, is looked up on the PATH.
            let programs = folder.appendingPathComponent("bin")
            try FileManager.default.createDirectory(at: programs, withIntermediateDirectories: true)
            let admin = Lab.shared.kubeconfig("admin")
            let script = programs.appendingPathComponent("login")
            try Self.script(admin).write(to: script, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script.path)
            let config = folder.appendingPathComponent("config").path
            try FileManager.default.copyItem(atPath: admin, toPath: config)
            // One that asks the server for nothing by itself, as some distributions' do.
            let fetched = try await run([Lab.shared.clusterScript, "kubectl", "31"])
            guard fetched.status == 0 else { throw Missed(description: fetched.everything) }
            let program = fetched.output.trimmingCharacters(in: .whitespacesAndNewlines)
            let words = [
                program, "--kubeconfig", config, "config", "set-credentials", "person", "--exec-command",
                script.path, "--exec-api-version", "client.authentication.k8s.io/v1beta1",
            ]
            #expect(try await run(words).status == 0)
            let context = [
                program, "--kubeconfig", config, "config", "set-context", "--current", "--user=person",
            ]
            #expect(try await run(context).status == 0)
            var environment = Lab.shared.laptop()
            environment["KUBECONFIG"] = config
            environment["PATH"] = "\((program as NSString).deletingLastPathComponent):\(environment["PATH"] ?? "")"
            let list = try Running([Lab.shared.plugin, "list", "-n", "default"], environment: environment)
            try await eventually(within: 10, "the code is shown: \(list.error)") {
                list.error.contains("enter the code ABCD-1234")
            }
            let result = try await list.finish(within: 60)
            #expect(result.status == 0, "\(result.everything)")
            #expect(result.error.contains("No tunnels in namespace default."))
        }
    }
}
