public import Kubernetes

/// The API through `kubectl proxy --unix-socket`: kubectl does the authentication, libcurl the HTTP.
public final class KubectlProxy: APITransport {
    private let child: GuardedKubectl
    private let curl: CurlLoop
    private let socketPath: String
    private let drain: Task<Void, Never>

    /// How long `kubectl proxy` may take until it serves, in seconds. Measured: 0.05.
    static let readyWithin = Duration.seconds(20)

    /// Starts `kubectl proxy` and waits until it serves.
    ///
    /// - Throws: ``KubectlError``, with kubectl's own words when it ended at once.
    public static func start(
        pin: KubectlPin, environment: [String: String]
    ) async throws(KubectlError) -> KubectlProxy {
        let folder = try SocketFolder.make(environment: environment)
        guard let curl = CurlLoop() else { throw KubectlError(.local, "libcurl could not be set up") }
        let child = GuardedKubectl(["proxy", "--unix-socket=\(folder.socketPath)"], pin: pin, folder: folder.path)
        let ready = await ReadyLine.wait(for: child, within: Self.readyWithin) { line in
            line.hasPrefix("Starting to serve on") ? true : nil
        }
        switch ready {
        case .ready: break
        case .ended(let words):
            throw KubectlError(.failed(status: await child.status), KubectlError.message(fromStandardError: words))
        case .timedOut:
            child.stop()
            throw KubectlError(.timedOut, "kubectl proxy did not start within \(Self.readyWithin)")
        }
        return KubectlProxy(child: child, curl: curl, socketPath: folder.socketPath)
    }

    private init(child: GuardedKubectl, curl: CurlLoop, socketPath: String) {
        self.child = child
        self.curl = curl
        self.socketPath = socketPath
        self.drain = Task { for await _ in child.lines {} }
    }

    /// Ends kubectl and waits for it.
    public func stop() async {
        self.curl.stop()
        self.child.stop()
        _ = await self.child.status
    }

    /// Sends a request and reads the whole answer.
    public func send(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let box = Collector()
        let outcome = await withCheckedContinuation {
            (continuation: CheckedContinuation<CurlTransfer.Outcome, Never>) in
            _ = self.curl.start(
                request, socketPath: self.socketPath, isStream: false,
                receive: { _, bytes in box.append(bytes) },
                finish: { continuation.resume(returning: $0) })
        }
        switch outcome {
        case .answered(let status): return APIResponse(status: status, body: box.bytes)
        case .failed(let reason): throw APIError(.unreachable, "kubectl proxy did not answer: \(reason)")
        }
    }

    /// Sends a request whose answer is a stream of lines.
    public func lines(_ request: APIRequest) -> AsyncThrowingStream<[UInt8], any Error> {
        AsyncThrowingStream { continuation in
            let box = Collector()
            let identifier = self.curl.start(
                request, socketPath: self.socketPath, isStream: true,
                receive: { status, bytes in
                    guard status < 300 else { return box.append(bytes) }
                    for line in box.lines(completedBy: bytes) { continuation.yield(line) }
                },
                finish: { outcome in
                    switch outcome {
                    case .answered(let status) where status >= 300:
                        continuation.finish(throwing: APIError.refusal(status: status, body: box.bytes))
                    case .answered:
                        continuation.finish()
                    case .failed(let reason):
                        continuation.finish(throwing: APIError(.unreachable, reason))
                    }
                })
            continuation.onTermination = { [curl] _ in curl.cancel(identifier) }
        }
    }
}
