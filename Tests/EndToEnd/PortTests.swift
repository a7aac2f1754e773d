import Foundation
import Testing

extension EndToEnd {
    @Suite struct PortTests {
        static func service(_ ports: String) -> String {
            """
            apiVersion: v1
            kind: Service
            metadata: {name: web}
            spec: {selector: {app: web}, ports: \(ports)}
            """
        }

        @Test("of several ports those that were named come to the laptop, and the originals answer the others")
        func several() async throws {
            let service = Self.service(
                """
                [{name: http, port: 80, targetPort: 8080}, {name: metrics, port: 9090}, \
                {name: admin, port: 8081, targetPort: 7070}]
                """)
            let deployment = Shop.deployment(labels: "app: web", ports: "8080,9090,7070", replicas: 1)
            try await Shop.with(service: service, deployments: [deployment]) { shop in
                let (web, admin) = (
                    try await LocalProcess.start(port: 3000), try await LocalProcess.start(who: "admin", port: 3001)
                )
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000:http", "--port", "3001:8081")
                #expect(plugin.error.contains("service/web port 80 now comes to 127.0.0.1:3000"))
                #expect(plugin.error.contains("service/web port 8081 now comes to 127.0.0.1:3001"))
                #expect(!plugin.error.contains("port 9090 now comes"))
                try await shop.expect("laptop")
                try await shop.expectAnswer("who=laptop port=3000 path=/\n", port: 80)
                try await shop.expectAnswer("who=admin port=3001 path=/\n", port: 8081)
                try await shop.expectAnswer("who=cluster port=9090 path=/\n", port: 9090)
                try await shop.end(plugin, before: before)
                try await web.stop()
                try await admin.stop()
            }
        }

        @Test("a pod gets the laptop's answer through the ClusterIP, as the node does")
        func fromPod() async throws {
            let client = Shop.deployment(name: "client", labels: "app: client", who: "client", replicas: 1)
            try await Shop.with(deployments: [Shop.deployment(replicas: 1), client]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                try await shop.expectFromPod("client", gets: "cluster")
                let plugin = try await shop.intercept("--port", "3000")
                try await shop.expectFromPod("client", gets: "laptop")
                // Also from one of the pods whose traffic it is.
                try await shop.expectFromPod("web", gets: "laptop")
                try await shop.expect("laptop")
                try await shop.end(plugin, before: before)
                try await shop.expectFromPod("client", gets: "cluster")
                try await local.stop()
            }
        }

        @Test("a named target port: also where it is another number in each pod")
        func named() async throws {
            func deployment(_ name: String, _ port: Int) -> String {
                Shop.deployment(
                    name: name, labels: "app: web", who: name, ports: "\(port)",
                    containerPorts: "[{containerPort: \(port), name: http}]", replicas: 1)
            }
            let service = Self.service("[{port: 80, targetPort: http}]")
            try await Shop.with(service: service, deployments: [deployment("old", 8080), deployment("new", 8081)]) {
                shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000")
                try await shop.expect("laptop")
                // Both kinds of pods are reached through the proxy when the laptop does not answer.
                try await local.stop()
                for answer in ["who=old port=8080 path=/\n", "who=new port=8081 path=/\n"] {
                    try await shop.expectAnswer(answer, port: 80, within: 10)
                }
                try await shop.end(plugin, before: before)
            }
        }

        @Test("two Service ports with one target port both come to the laptop, and the plugin says so")
        func sharedTarget() async throws {
            let service = Self.service(
                "[{name: http, port: 80, targetPort: 8080}, {name: old, port: 8000, targetPort: 8080}]")
            try await Shop.with(
                service: service, deployments: [Shop.deployment(labels: "app: web", replicas: 1)]
            ) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let plugin = try await shop.intercept("--port", "3000:http")
                #expect(
                    plugin.error.contains("note: ports 80 and 8000 have one target port: both come to the laptop"))
                try await shop.expect("laptop", port: 80)
                try await shop.expect("laptop", port: 8000)
                try await shop.end(plugin, before: before)
                try await local.stop()
            }
        }
    }
}
