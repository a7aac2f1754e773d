import CCurl
import Kubernetes

/// One HTTP exchange of a ``CurlLoop``. Touched by the loop's thread alone after it was handed over.
final class CurlTransfer: @unchecked Sendable {
    /// What becomes of an exchange.
    enum Outcome: Sendable {
        case answered(status: Int)
        case failed(String)
        /// Nothing came in time.
        case timedOut(String)
    }

    let identifier: UInt64
    let socketPath: String
    let request: APIRequest
    /// Whether the answer may take as long as it likes.
    let isStream: Bool
    /// Gets the answer's bytes, with the status, as they come.
    let receive: @Sendable (_ status: Int, _ bytes: [UInt8]) -> Void
    /// Gets the end, exactly once.
    let finish: @Sendable (Outcome) -> Void

    private var headers: UnsafeMutablePointer<curl_slist>?
    private var handle: UnsafeMutableRawPointer?

    init(
        identifier: UInt64, socketPath: String, request: APIRequest, isStream: Bool,
        receive: @escaping @Sendable (Int, [UInt8]) -> Void, finish: @escaping @Sendable (Outcome) -> Void
    ) {
        self.identifier = identifier
        self.socketPath = socketPath
        self.request = request
        self.isStream = isStream
        self.receive = receive
        self.finish = finish
    }

    deinit {
        curl_slist_free_all(self.headers)
    }

    /// A curl handle set up for this exchange, which has to live as long as the handle does.
    func makeHandle() -> UnsafeMutableRawPointer? {
        guard let easy = curl_easy_init() else { return nil }
        ccurl_set_string(easy, CURLOPT_UNIX_SOCKET_PATH, self.socketPath)
        // `kubectl proxy` accepts only local host names.
        ccurl_set_string(easy, CURLOPT_URL, "http://localhost" + self.request.target)
        ccurl_set_string(easy, CURLOPT_CUSTOMREQUEST, self.request.method.rawValue)
        ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        ccurl_set_string(easy, CURLOPT_NOPROXY, "*")
        ccurl_set_long(easy, CURLOPT_CONNECTTIMEOUT, 5)
        if !self.isStream { ccurl_set_long(easy, CURLOPT_TIMEOUT, self.request.timeoutSeconds) }
        self.headers = curl_slist_append(self.headers, "Accept: application/json")
        // Without this a body over 1 MiB waits a second for "100 Continue".
        self.headers = curl_slist_append(self.headers, "Expect:")
        if let type = self.request.contentType {
            self.headers = curl_slist_append(self.headers, "Content-Type: \(type)")
        }
        if let body = self.request.body { ccurl_set_body(easy, body, body.count) }
        ccurl_set_headers(easy, self.headers)
        let context = Unmanaged.passUnretained(self).toOpaque()
        ccurl_set_context(easy, context)
        ccurl_set_write(
            easy,
            { bytes, size, count, context in
                guard let bytes, let context else { return 0 }
                let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
                transfer.received(UnsafeRawBufferPointer(start: bytes, count: size * count))
                return size * count
            }, context)
        self.handle = easy
        return easy
    }

    private func received(_ bytes: UnsafeRawBufferPointer) {
        self.receive(self.handle.map { Int(ccurl_status($0)) } ?? 0, Array(bytes))
    }

}
