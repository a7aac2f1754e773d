import Kubernetes
import KubernetesViaKubectl
import Logging
import NIOCore
import PluginConsole
import Session
import Tunnel

/// One tunnel: a `kubectl port-forward` and the one connection through it.
final class TunnelCarrier: Sendable {
    let laptop: LaptopEnd
    private let forward: PortForward

    /// Starts kubectl, connects, proves who we are, and hears an answer.
    ///
    /// - Throws: ``PluginFailure``.
    static func open(
        pod: String, port: Int, pin: KubectlPin, identity: TunnelIdentity, targets: [String: LocalTarget],
        group: any EventLoopGroup
    ) async throws -> TunnelCarrier {
        let forward: PortForward
        do throws(KubectlError) {
            forward = try await PortForward.start(pod: pod, port: port, pin: pin, within: .seconds(15))
        } catch {
            throw PluginFailure(error)
        }
        do throws(TunnelError) {
            let laptop = try await LaptopEnd.connect(
                host: "127.0.0.1", port: forward.localPort, identity: identity, targets: targets,
                timeout: .seconds(10), group: group, logger: Logger(label: "tunnel") { _ in SwiftLogNoOpLogHandler() })
            _ = try await laptop.ping()
            return TunnelCarrier(laptop: laptop, forward: forward)
        } catch {
            await forward.stop()
            throw PluginFailure("the tunnel to pod/\(pod) did not come up: \(error.message)")
        }
    }

    private init(laptop: LaptopEnd, forward: PortForward) {
        self.laptop = laptop
        self.forward = forward
    }

    /// Ends connection and kubectl.
    func close() async {
        await self.laptop.close()
        await self.forward.stop()
    }
}
