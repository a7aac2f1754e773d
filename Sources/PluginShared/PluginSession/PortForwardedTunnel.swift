public import KubernetesViaKubectl
import PluginConsole
public import Tunnel

/// One tunnel: a `kubectl port-forward` and the one connection through it.
public final class PortForwardedTunnel<End: TunnelEnd>: Sendable {
    /// The laptop's end of the connection.
    public let end: End
    private let forward: PortForward

    /// Starts kubectl, connects, proves who we are, and hears an answer.
    ///
    /// - Parameter connect: Connects to a host and port, and proves who we are.
    /// - Throws: ``PluginFailure``.
    public static func open(
        pod: String, port: Int, pin: KubectlPin,
        connect: (_ host: String, _ port: Int) async throws(TunnelError) -> End
    ) async throws -> PortForwardedTunnel {
        let forward: PortForward
        do throws(KubectlError) {
            forward = try await PortForward.start(pod: pod, port: port, pin: pin, within: .seconds(15))
        } catch {
            throw PluginFailure(error)
        }
        do throws(TunnelError) {
            let end = try await connect("127.0.0.1", forward.localPort)
            _ = try await end.ping()
            return PortForwardedTunnel(end: end, forward: forward)
        } catch {
            await forward.stop()
            throw PluginFailure("the tunnel to pod/\(pod) did not come up: \(error.message)")
        }
    }

    private init(end: End, forward: PortForward) {
        self.end = end
        self.forward = forward
    }

    /// Ends connection and kubectl.
    public func close() async {
        await self.end.close()
        await self.forward.stop()
    }
}
