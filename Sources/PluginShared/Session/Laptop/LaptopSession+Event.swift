public import Kubernetes

extension LaptopSession {
    /// A fact.
    public enum Event: Sendable {
        /// The Lease's creation is asked for: from here on there may be something to clean up, even if the answer is lost.
        case leaseAsked
        /// The Lease was not created, or is deleted again, and nothing else of this session is there.
        case leaseGone
        /// The session has joined this tunnel, or is to make it, by this Lease, for the Service as the tunnel's maker found it.
        case entered(tunnel: SessionID, lease: String, service: Service)
        /// The first pod of the proxy is Ready.
        case proxyReady(pod: String)
        /// Setting up failed.
        case setUpFailed(any Error)
        /// A tunnel is up; numbers grow.
        case tunnelUp(Int, pod: String)
        /// A tunnel is gone.
        case tunnelClosed(Int, reason: String, afterSilence: Bool)
        /// The tunnel has not answered for a while.
        case tunnelSuspect
        /// It answers again.
        case tunnelRecovered
        /// The answer to ``Order/lookAtAPI``: whether the API server answered, and the tunnel still not.
        case apiLooked(Bool)
        /// The tunnel that was asked for is up.
        case connected
        /// What works today works through the proxy.
        case checked
        /// The Service is written so that it leads to this pod; nodes do not know yet.
        case switchWritten(pod: String)
        /// The Service leads to this pod.
        case switched(pod: String)
        /// Something was not done that the session needs to carry traffic.
        case attemptFailed(any Error)
        /// The pause is over.
        case pauseOver
        /// The answer to ``Order/look``.
        case looked(Look)
        /// The answer to ``Order/lookForSilence``; `nil` for a Lease that was not to be had.
        case silenceLooked(Lease?)
        /// The answer to ``Order/restoreMeanwhile(_:)``; `nil` when it was not done.
        case restoredMeanwhile(RestoreOutcome?)
        /// A pod of the proxy is being deleted, or gone.
        case podDeleted(String)
        /// The proxy says that its pod ends, and that it restores the Service.
        case proxyTerminates
        /// The Service as a watch shows it; `nil` when it was deleted.
        case serviceSeen(Service?)
        /// The answer to ``Order/readService(writes:)``.
        case serviceRead(ServiceRead)
        /// Something is gone that the session cannot do without.
        case lost(Loss)
        /// The answer to ``Order/inspect(_:)``: the Service, and whether the origin Service was gone, and is there again.
        case inspected(Loss, ServiceLook, originIsBack: Bool)
        /// Ctrl-C, SIGTERM or SIGHUP.
        case interrupted
        /// The command beside the intercept has ended, with this exit code.
        case commandEnded(Int32)
        /// The session is asked to end.
        case endRequested(EndRequest)
        /// The answer to ``Order/stopWork``.
        case workStopped
        /// The answer to ``Order/end(_:withOthers:)``; `nil` when the time was up.
        case restored(RestoreOutcome?)
        /// The answer to ``Order/waitForOriginals``.
        case originalsReady
        /// The proxy says that no connection is left.
        case drained
        /// The proxy says that the laptop has none left, and how many others passed through all the time. The answer to
        /// ``Order/leave``, too.
        case laptopDrained(passing: Int)
        /// The answer to ``Order/handOver``.
        case handedOver(Bool)
        /// The answer to ``Order/wake(_:after:)``.
        case woken(Timer)
        /// The answer to ``Order/cleanUp(isDrained:)`` and ``Order/deleteLease``.
        case cleanedUp(Bool)
        /// The answer to ``Order/askProxyToEnd``: whether the session is over.
        case proxyAnswered(Bool)
    }

    /// How a session came to its end.
    public enum End: Sendable {
        /// The user: exit code 0.
        case asked(String)
        /// Another client: exit code 0 after `stop`, 1 after a take-over.
        case requested(EndRequest)
        /// The command beside the intercept ended: its exit code.
        case commandEnded(Int32)
        /// Something went wrong: exit code 1.
        case failed(any Error)
        /// The Service belongs to another client now: it is left alone, and the rest is cleaned up.
        case displaced(String)
    }
}
