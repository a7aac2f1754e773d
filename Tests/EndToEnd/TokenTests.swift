import Foundation
import Kubernetes
import NIOPosix
import Testing

@testable import InClusterProxy

extension EndToEnd {
    /// The proxy's own way to the API server, run beside the tests with a folder like the one in a pod.
    @Suite struct TokenTests {
        @Test("a token that is replaced while it is in use is read again after the first 401")
        func replacedToken() async throws {
            try await Shop.with(deployments: []) { shop in
                let folder = Lab.shared.folder.appendingPathComponent(shop.namespace)
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                let (first, authority) = try await makeAccount("first", shop)
                let (second, _) = try await makeAccount("second", shop)
                try authority.write(to: folder.appendingPathComponent("ca.crt"))
                let token = folder.appendingPathComponent("token")
                try first.write(to: token)
                let transport = try #require(
                    InClusterTransport(
                        environment: [
                            "KUBERNETES_SERVICE_HOST": Lab.shared.environment["CLUSTER_NODE_IP"] ?? "",
                            "KUBERNETES_SERVICE_PORT": "6443",
                        ],
                        group: MultiThreadedEventLoopGroup.singleton, folder: folder.path))
                let client = KubernetesClient(transport: transport)
                #expect(try await client.isAllowed("get", "secrets", in: shop.namespace) == false)

                // The account's token is no longer accepted once the account is gone and the server has noticed.
                try await kubectl("-n", shop.namespace, "delete", "serviceaccount", "first")
                try await eventually(within: 30, "the first token is refused") {
                    do {
                        _ = try await client.isAllowed("get", "secrets", in: shop.namespace)
                        return false
                    } catch {
                        return (error as? APIError)?.code == .unauthorized
                    }
                }
                try second.write(to: token)
                #expect(try await client.isAllowed("get", "secrets", in: shop.namespace) == false)
                await transport.shutdown()
            }
        }

        private func makeAccount(_ name: String, _ shop: Shop) async throws -> (token: Data, authority: Data) {
            try await kubectl("-n", shop.namespace, "create", "serviceaccount", name)
            var secret = ""
            try await eventually(within: 20, "the account has a token") {
                secret = try await kubectl(
                    "-n", shop.namespace, "get", "serviceaccount", name, "-o", "jsonpath={.secrets[0].name}")
                return !secret.isEmpty
            }
            func value(_ key: String) async throws -> Data {
                let text = try await kubectl(
                    "-n", shop.namespace, "get", "secret", secret, "-o", "jsonpath={.data.\(key)}")
                return try #require(Data(base64Encoded: text))
            }
            return (try await value("token"), try await value("ca\\.crt"))
        }
    }
}
