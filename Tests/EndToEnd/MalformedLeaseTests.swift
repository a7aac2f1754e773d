import Foundation
import Testing

extension EndToEnd {
    /// A Lease can be written by others: what it says reaches no terminal as it is, and it keeps nobody from a Service.
    @Suite struct MalformedLeaseTests {
        private func plant(_ shop: Shop, duration: Int = 30) async throws {
            let lease: [String: Any] = [
                "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                "metadata": [
                    "name": "tunnel-web",
                    "labels": ["kubectl-tunnel/service": "web", "kubectl-tunnel/session": "x"],
                    "annotations": ["kubectl-tunnel/ports": "80:\u{1B}[31m3000\u{202E}"],
                ],
                "spec": ["holderIdentity": "\u{1B}]0;mine\u{07}nobody", "leaseDurationSeconds": duration],
            ]
            let data = try JSONSerialization.data(withJSONObject: lease)
            try await kubectl("-n", shop.namespace, "create", input: String(decoding: data, as: UTF8.self))
        }

        private func isClean(_ text: String) -> Bool {
            !text.unicodeScalars.contains { $0.value == 0x1B || $0.value == 7 || $0.value == 0x202E }
        }

        @Test("it is called malformed by all, nothing of it reaches a terminal raw, and stop --force deletes it")
        func named() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                try await self.plant(shop)
                for form in ["table", "wide", "json", "yaml"] {
                    let text = try await shop.list("-o", form)
                    #expect(text.contains("malformed") && self.isClean(text), "\(form): \(text)")
                }
                let doctor = try await shop.start(["doctor", "web"]).finish()
                #expect(doctor.everything.contains("lease/tunnel-web is malformed"), "\(doctor.everything)")
                #expect(self.isClean(doctor.everything))
                let stop = try await shop.start(["stop", "web"]).finish()
                #expect(stop.error.contains("error: lease/tunnel-web is malformed") && self.isClean(stop.error))
                #expect(try await shop.start(["stop", "web", "--force"]).finish().status == 0)
                try await shop.expectNothingLeft()
            }
        }

        @Test("intercept takes it away when it is not renewed for its duration, or at once with --take-over")
        func expires() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                for takesOver in [false, true] {
                    try await self.plant(shop, duration: 3)
                    let plugin =
                        takesOver
                        ? try await shop.intercept("--port", "3000", "--take-over")
                        : try await shop.intercept("--port", "3000")
                    #expect(plugin.error.contains("deleted lease/tunnel-web, which named no session"))
                    #expect(self.isClean(plugin.error))
                    try await shop.end(plugin, before: before)
                }
                try await local.stop()
            }
        }
    }
}
