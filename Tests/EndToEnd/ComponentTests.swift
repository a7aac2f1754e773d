import FaultBench
import Foundation
import Testing

extension EndToEnd {
    /// An API server or a kubelet that is stopped, killed or started again; nobody else can use the cluster meanwhile.
    @Suite struct ComponentTests {
        @Test("a proxy that dies while its node's kubelet is away: the Service is restored within 5 s")
        func proxyWithoutKubelet() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000")
                try await shop.expect("laptop")
                let session = try #require(try await shop.sessions().first?.session)
                let proxy = try #require(ProxyProcess.of(session: session))
                Component.kubelet.send(SIGKILL)
                kill(proxy.pid, SIGKILL)
                var failure: (any Error)?
                do { try await shop.expect("cluster", within: 6) } catch { failure = error }
                // Killed already; started again, whatever came of it.
                try await Component.kubelet.killAndStart()
                if let failure { throw failure }
                try await eventually(within: 60, "the tunnel is back: \(plugin.error)") {
                    plugin.error.contains("tunnel is back")
                }
                try await shop.expect("laptop")
                try await shop.end(plugin, before: before)
                try await local.stop()
            }
        }

        @Test(
            "the proxy's pod is deleted while its node's kubelet does not hear of it: the Service is restored at once"
        )
        func deletedWithoutKubelet() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000")
                try await shop.expect("laptop")
                Component.kubelet.send(SIGSTOP)
                var failure: (any Error)?
                do {
                    try await kubectl(
                        "-n", shop.namespace, "delete", "pod", "-l", "kubectl-tunnel/component=proxy", "--wait=false")
                    // Long before the tunnel is given up, which that kubelet carries.
                    try await eventually(within: 3, "restored") { try await shop.serviceText() == before }
                } catch {
                    failure = error
                }
                Component.kubelet.send(SIGCONT)
                if let failure { throw failure }
                try await eventually(within: 60, "the tunnel is back: \(plugin.error)") {
                    plugin.error.contains("tunnel is back")
                }
                #expect(plugin.error.components(separatedBy: "the proxy's pod is being deleted").count == 2)
                try await shop.expect("laptop")
                try await shop.end(plugin, before: before)
                try await local.stop()
            }
        }

        @Test(
            "an API server that is away, for a shorter or a longer time than a Lease, ends no session",
            arguments: ["stopped for 3 s", "stopped for 12 s", "killed and started"])
        func serverAway(how: String) async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000", "--lease-duration", "5")
                let load = try Load.start(.connectionPerRequest, target: "\(try await shop.address()):80", rate: 50)
                try await load.expect("laptop")
                let observer = try Observer.start(shop.namespace)
                let session = try await shop.sessions().first?.session
                if how == "killed and started" {
                    try await Component.server.killAndStart()
                } else {
                    Component.server.send(SIGSTOP)
                    let seconds = how.contains("12") ? 12 : 3
                    try? await Task.sleep(for: .seconds(seconds))
                    Component.server.send(SIGCONT)
                }
                try await load.expect("laptop", within: 60)
                // The proxy measures again from here; a restore would come now.
                let renewed = try await shop.renewTime()
                try await eventually(within: 20, "renewed") { try await shop.renewTime() != renewed }
                #expect(try await shop.sessions().first?.session == session)
                #expect(plugin.isRunning)
                var history = History()
                try observer.add(to: &history)
                try await observer.stop()
                #expect(history.services.allSatisfy { $0.session == session }, "never restored")
                #expect(!history.endpoints.contains { $0.ready == 0 })
                #expect(try await load.finish().failed <= 2, "\(load.failures)")
                try await shop.end(plugin, before: before)
                try await local.stop()
            }
        }

        @Test("the proxy goes on when its token is replaced: with the old one it could not restore any more")
        func token() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                try await shop.applyRoles()
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000", "--lease-duration", "5")
                let pod = try await kubectl(
                    "-n", shop.namespace, "get", "pods", "-l", "kubectl-tunnel/component=proxy", "-o",
                    "jsonpath={.items[*].metadata.uid}")
                let token = try await Kubelet.token(ofPod: pod)
                #expect(try await Kubelet.isAccepted(token))
                // A token is bound to its account: a new account of the same name makes it worthless, once the API
                // server has forgotten that it knew it.
                try await kubectl("-n", shop.namespace, "delete", "serviceaccount", "kubectl-tunnel-proxy")
                try await shop.applyRoles()
                try await eventually(within: 20, "the old token is refused") {
                    try await !Kubelet.isAccepted(token)
                }
                // A kubelet that starts projects a new token; one that runs waits until the old has almost run out.
                try await Kubelet.restart()
                try await eventually(within: 60, "the pod has a new token") {
                    let new = try await Kubelet.token(ofPod: pod)
                    return !new.isEmpty && new != token
                }
                try await shop.expect("laptop")
                #expect(plugin.isRunning)
                plugin.send(SIGKILL)
                try await eventually(within: 60, "the proxy restores the Service") {
                    try await shop.serviceText() == before
                }
                try await shop.expectRestored(before)
                try await local.stop()
            }
        }

        @Test(
            "an API server that is away at the end of a --no-failsafe session: nothing is deleted, restore does it later"
        )
        func endWithoutServer() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                try await shop.bind("edit", to: "alice", leases: "get,list,watch,create,patch,delete")
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept(
                    "--port", "3000", "--no-failsafe", "--lease-duration", "5", user: "alice")
                let load = try Load.start(.connectionPerRequest, target: "\(try await shop.address()):80", rate: 50)
                try await load.expect("laptop")
                Component.server.send(SIGSTOP)
                defer { Component.server.send(SIGCONT) }
                plugin.send(SIGINT)
                let result = try await plugin.finish(within: 60)
                Component.server.send(SIGCONT)
                #expect(result.status == 1)
                #expect(result.error.contains("do it with `kubectl tunnel restore web`"), "\(result.error)")
                #expect(!result.error.contains("what it created is deleted"), "\(result.error)")
                // The Service still leads to the proxy, which is still there.
                #expect(try await shop.serviceText() != before)
                try await load.expect("cluster")
                let recovered = try await shop.start(["restore", "web"], user: "alice").finish(within: 40)
                #expect(recovered.status == 0, "\(recovered.everything)")
                try await load.expect("cluster")
                #expect(try await load.finish().failed <= 2, "\(load.failures)")
                try await shop.expectRestored(before)
                try await local.stop()
            }
        }

        @Test("tunnel-dns down without an API server says so and keeps its record; once more takes the gateway away")
        func downWithoutServer() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let up = try await Up.start(shop)
                Component.server.send(SIGKILL)
                let down = try await up.plugin("down")
                try await Component.server.killAndStart()
                #expect(down.status == 1, "\(down.everything)")
                #expect(down.error.contains("error: the gateway in namespace \(shop.namespace)"), "\(down.everything)")
                #expect(!down.output.contains("is down"), "\(down.output)")
                _ = try await up.process.finish()
                #expect(try await !shop.leftovers().isEmpty)
                let again = try await up.plugin("down")
                #expect(again.status == 0, "\(again.everything)")
                try await shop.expectNothingLeft()
                #expect(try await up.plugin("down").error.contains("nothing was up"))
            }
        }
    }
}
