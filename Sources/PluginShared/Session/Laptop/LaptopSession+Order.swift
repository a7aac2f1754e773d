extension LaptopSession {
    /// An order.
    public enum Order: Sendable, Equatable {
        /// Open a tunnel to a pod: `connected`, or `attemptFailed`.
        case connect(pod: String, isFirst: Bool)
        /// See that what works today works through the proxy: `checked`, or `attemptFailed`.
        case check(pod: String, isFirst: Bool)
        /// The check will get no answer.
        case failCheck
        /// Make the Service lead to a pod: `switchWritten` and `switched`, or `attemptFailed`.
        case switchService(pod: String, isFirst: Bool)
        /// Close the tunnel.
        case dropTunnel
        /// Look for a pod of the proxy: `looked`, `lost` when nobody wants one any more, or `attemptFailed`.
        case look
        /// Wait about so long, less by chance: `pauseOver`.
        case pause(Duration)
        /// See whether the API server answers, which is reached by the same wire as the tunnel: `apiLooked`.
        case lookAtAPI
        /// Read the Lease after ``ProxySilence/pauseMilliseconds``: `silenceLooked`.
        case lookForSilence
        /// Restore the Service, while the session continues: `restoredMeanwhile`.
        case restoreMeanwhile(RestoreCause)
        /// Tell `lost` if another client has deleted the proxy's Deployment.
        case lookWhetherWanted
        /// Read Service and Lease: `serviceRead`.
        case readService(writes: Int)
        /// Read the Service, and create a deleted origin Service again: `inspected`.
        case inspect(Loss)
        /// Say what happened.
        case report(Report)
        /// End everything that is under way: `workStopped`.
        case stopWork
        /// Restore the Service, however long it takes, unless other sessions have the tunnel: `restored`. With others, too:
        /// it cannot go on for them either.
        case end(RestoreCause, withOthers: Bool)
        /// Tell the proxy to end this laptop's connections: `laptopDrained`.
        case leave
        /// Delete the session's Lease, and nothing else: `cleanedUp`.
        case deleteLease
        /// Wait until the original pods have the Service, within 30 s: `originalsReady`.
        case waitForOriginals
        /// Tell the proxy to drain.
        case drain
        /// Say ``Event/woken(_:)`` after a while.
        case wake(Timer, after: Duration)
        /// Leave the rest to the proxy, by a mark in the Lease: `handedOver`.
        case handOver
        /// Delete what was created: `cleanedUp`.
        case cleanUp(isDrained: Bool)
        /// Mark the Lease, and wait until the proxy has ended the session: `proxyAnswered`.
        case askProxyToEnd
        /// Do not wait for it any longer.
        case stopAsking
    }

    /// What the user is told.
    public enum Report: Sendable, Equatable {
        /// The Service leads here.
        case intercepting
        /// It does again.
        case linkBack
        case linkLost(reason: String)
        /// The proxy's pod is being deleted: the Service was restored.
        case proxyEnds
        /// The same for a proxy that is not ready, or does not answer.
        case restoredMeanwhile(RestoreCause)
        /// An attempt failed; for `-v`.
        case notYet(String)
        /// The session ends, and others have the tunnel: the Service stays with it.
        case leaving
        /// The session ends, and why.
        case ending(isSwitched: Bool)
        case restored
        /// Another client restored the Service together with its marks; nobody else can tell any more.
        case displaced
        /// The Service's own selector is one of two.
        case uncertain(annotation: String, origin: String)
        case draining
        case ended
        /// The same, while others have the tunnel.
        case left
        /// The proxy deletes the rest when the last connection through it has ended.
        case handedOver
        /// The controller is away, and there has been no proxy.
        case leftToController
        /// The controller is away: the proxy is asked.
        case askingProxy
        case proxyNotDone
    }

    /// What is waited for while the session ends.
    public enum Timer: Sendable, Equatable {
        /// Nodes that send new connections to the proxy: ``InClusterSession/lateConnectionGrace``.
        case lateConnections
        /// When the user is told what is waited for: until then it is nodes, and nobody has to know.
        case drainNotice
        /// The proxy's own limit is 30 s.
        case drainLimit

        var after: Duration {
            switch self {
            case .lateConnections: InClusterSession.lateConnectionGrace
            case .drainNotice: InClusterSession.lateConnectionGrace + .seconds(2)
            case .drainLimit: .seconds(35)
            }
        }
    }
}
