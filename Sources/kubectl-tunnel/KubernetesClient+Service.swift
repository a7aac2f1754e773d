import Kubernetes
import PluginConsole
import Session

extension KubernetesClient {
    /// Reads a Service that the user has named.
    ///
    /// - Throws: ``PluginFailure``, with names that are nearly so where there is no such Service.
    @discardableResult
    func require(_ service: String, in namespace: String) async throws -> Service {
        do {
            return try await self.get(.services, service, in: namespace)
        } catch let error where error.code == .notFound {
            if await self.lacksNamespace(namespace) {
                throw PluginFailure(
                    "there is no namespace \(namespace)", hint: "see `kubectl get namespaces`, and name one with -n")
            }
            let names = (try? await self.list(.services, in: namespace))?.items.map(\.metadata.name) ?? []
            let near = NearNames.nearest(to: service, among: names)
            let hint =
                near.isEmpty
                ? "see `kubectl get services -n \(namespace)`, or use another namespace with -n"
                : "did you mean \(near.joined(separator: " or "))?"
            throw PluginFailure("there is no service/\(service) in namespace \(namespace)", hint: hint)
        } catch {
            throw PluginFailure(error, action: "read service/\(service) in namespace \(namespace)")
        }
    }
}
