public import Kubernetes
public import KubernetesViaKubectl

/// The cluster that a command works with, from the flags to the first answer.
public struct Cluster: Sendable {
    /// Which cluster, as whom, in which namespace.
    public let pin: KubectlPin
    /// The API.
    public let client: KubernetesClient
    private let proxy: KubectlProxy

    /// What `kubectl version` says, and the context that it works with.
    public var kubectl: @Sendable () async throws(KubectlError) -> (version: String, context: String?) {
        { [pin] () async throws(KubectlError) in (try await pin.version(), pin.context) }
    }

    /// Resolves the flags and starts `kubectl proxy`.
    ///
    /// - Throws: ``PluginFailure`` with kubectl's words.
    public static func connect(
        _ options: KubectlOptions, environment: [String: String], directory: String
    ) async throws(PluginFailure) -> Cluster {
        do throws(KubectlError) {
            let pin = try await KubectlPin.resolve(options, environment: environment, directory: directory)
            let proxy = try await KubectlProxy.start(pin: pin, environment: environment) { Console().notice($0) }
            return Cluster(pin: pin, client: KubernetesClient(transport: proxy), proxy: proxy)
        } catch {
            throw PluginFailure(error)
        }
    }

    /// Runs a command with a cluster, and ends kubectl behind it.
    public static func with<Value: Sendable>(
        _ options: KubectlOptions, environment: [String: String], directory: String,
        _ body: (Cluster) async throws -> Value
    ) async throws -> Value {
        let cluster = try await Self.connect(options, environment: environment, directory: directory)
        do {
            let value = try await body(cluster)
            await cluster.proxy.stop()
            return value
        } catch {
            await cluster.proxy.stop()
            throw error
        }
    }
}
