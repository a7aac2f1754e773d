import CCurl
import Dispatch
import Kubernetes
import Synchronization

/// One thread that carries all HTTP exchanges of the process over libcurl's multi interface.
final class CurlLoop: Sendable {
    /// The multi handle. libcurl allows `curl_multi_wakeup` from any thread; everything else is the loop's thread's.
    private nonisolated(unsafe) let multi: UnsafeMutableRawPointer
    private let orders = Mutex(Orders())

    private struct Orders {
        var nextIdentifier: UInt64 = 0
        var toStart: [CurlTransfer] = []
        var toCancel: Set<UInt64> = []
        var isStopped = false
    }

    /// A running loop, or `nil` when libcurl cannot be set up.
    init?() {
        guard curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK, let multi = curl_multi_init() else { return nil }
        self.multi = multi
        DispatchQueue(label: "kubectl-tunnel.curl").async { self.run() }
    }

    /// Starts an exchange; the returned number cancels it.
    func start(
        _ request: APIRequest, socketPath: String, isStream: Bool,
        receive: @escaping @Sendable (Int, [UInt8]) -> Void,
        finish: @escaping @Sendable (CurlTransfer.Outcome) -> Void
    ) -> UInt64 {
        let identifier = self.orders.withLock { orders in
            orders.nextIdentifier += 1
            orders.toStart.append(
                CurlTransfer(
                    identifier: orders.nextIdentifier, socketPath: socketPath, request: request, isStream: isStream,
                    receive: receive, finish: finish))
            return orders.nextIdentifier
        }
        curl_multi_wakeup(self.multi)
        return identifier
    }

    /// Ends an exchange early; it finishes as failed. Unknown and finished ones are ignored.
    func cancel(_ identifier: UInt64) {
        self.orders.withLock { _ = $0.toCancel.insert(identifier) }
        curl_multi_wakeup(self.multi)
    }

    /// Ends the thread; exchanges in flight finish as failed.
    func stop() {
        self.orders.withLock { $0.isStopped = true }
        curl_multi_wakeup(self.multi)
    }

    private func run() {
        var running: [UInt64: (transfer: CurlTransfer, handle: UnsafeMutableRawPointer)] = [:]
        func end(_ identifier: UInt64, _ outcome: CurlTransfer.Outcome) {
            guard let (transfer, handle) = running.removeValue(forKey: identifier) else { return }
            curl_multi_remove_handle(self.multi, handle)
            curl_easy_cleanup(handle)
            transfer.finish(outcome)
        }

        while true {
            let orders = self.orders.withLock { current in
                defer {
                    current.toStart = []
                    current.toCancel = []
                }
                return current
            }
            for transfer in orders.toStart {
                guard let handle = transfer.makeHandle() else {
                    transfer.finish(.failed("libcurl has no memory left"))
                    continue
                }
                running[transfer.identifier] = (transfer, handle)
                curl_multi_add_handle(self.multi, handle)
            }
            for identifier in orders.toCancel { end(identifier, .failed("cancelled")) }
            if orders.isStopped {
                for identifier in Array(running.keys) { end(identifier, .failed("the connection was closed")) }
                curl_multi_cleanup(self.multi)
                return
            }

            var count: CInt = 0
            curl_multi_perform(self.multi, &count)
            var code = CURLE_OK
            while let handle = ccurl_next_done(self.multi, &code) {
                guard let context = ccurl_context(handle) else { continue }
                let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
                let outcome: CurlTransfer.Outcome =
                    switch code {
                    case CURLE_OK: .answered(status: Int(ccurl_status(handle)))
                    case CURLE_OPERATION_TIMEDOUT: .timedOut(String(cString: curl_easy_strerror(code)))
                    default: .failed(String(cString: curl_easy_strerror(code)))
                    }
                end(transfer.identifier, outcome)
            }
            curl_multi_poll(self.multi, nil, 0, 1000, nil)
        }
    }
}
