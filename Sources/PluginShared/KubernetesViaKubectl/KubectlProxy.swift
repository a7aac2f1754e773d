public import Kubernetes
import Synchronization

/// The API through `kubectl proxy --unix-socket`: kubectl does the authentication, libcurl the HTTP.
///
/// A kubectl that ends by itself, or is killed, is restarted: requests in the meantime fail as those to a server that
/// is away. So is one that has become silent: its connection may be dead, which it notices after 45 s only.
public final class KubectlProxy: APITransport {
    private struct Process {
        var child: GuardedKubectl
        var socketPath: String
        var isStopped = false
        var silence = Silence()
    }

    private let pin: KubectlPin
    private let environment: [String: String]
    private let words: @Sendable (String) -> Void
    private let curl: CurlLoop
    private let process: Mutex<Process>

    /// How long `kubectl proxy` may take until it serves, in seconds. Measured: 0.05.
    static let readyWithin = Duration.seconds(20)
    /// How long a person may take to log in where a credential plugin asks for it, in seconds.
    private static let loginSeconds = 300
    /// How long to wait before kubectl is started again: doubled up to the longest while it does not stay.
    private static let shortestPause = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(2)

    /// Starts `kubectl proxy` and waits until it serves.
    ///
    /// - Parameter words: Gets what kubectl and its credential plugin say up to the first answer, such as a code to log in
    ///   with.
    /// - Throws: ``KubectlError``, with kubectl's own words when it ended at once.
    public static func start(
        pin: KubectlPin, environment: [String: String], words: @escaping @Sendable (String) -> Void
    ) async throws(KubectlError) -> KubectlProxy {
        guard let curl = CurlLoop() else { throw KubectlError(.local, "libcurl could not be set up") }
        let proxy = KubectlProxy(
            pin: pin, environment: environment, words: words, curl: curl,
            process: try await Self.spawn(pin, environment))
        Task { await proxy.keepRunning() }
        return proxy
    }

    private init(
        pin: KubectlPin, environment: [String: String], words: @escaping @Sendable (String) -> Void, curl: CurlLoop,
        process: Process
    ) {
        self.pin = pin
        self.words = words
        self.environment = environment
        self.curl = curl
        self.process = Mutex(process)
    }

    private static func spawn(
        _ pin: KubectlPin, _ environment: [String: String]
    ) async throws(KubectlError) -> Process {
        let folder = try SocketFolder.make(environment: environment)
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
        return Process(child: child, socketPath: folder.socketPath)
    }

    private var child: GuardedKubectl { self.process.withLock { $0.child } }
    private var socketPath: String { self.process.withLock { $0.socketPath } }
    private var hasAnswered: Bool { self.process.withLock { $0.silence.hasAnswered } }
    private var isStopped: Bool { self.process.withLock { $0.isStopped } }

    /// Reads what kubectl writes, or it would block, and starts another when it ends.
    private func keepRunning() async {
        var pause = Self.shortestPause
        while true {
            let begin = ContinuousClock.now
            for await line in self.child.lines {
                if case .error(let text) = line, !self.hasAnswered { self.words(text) }
            }
            if ContinuousClock.now - begin > Self.longestPause { pause = Self.shortestPause }
            var isBack = false
            while !isBack, !self.isStopped {
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, Self.longestPause)
                guard let next = try? await Self.spawn(self.pin, self.environment) else { continue }
                isBack = self.process.withLock { process in
                    guard !process.isStopped else { return false }
                    process = next
                    return true
                }
                if !isBack { next.child.stop() }
            }
            if !isBack { return }
        }
    }

    /// Ends kubectl and waits for it.
    public func stop() async {
        let child = self.process.withLock { process in
            process.isStopped = true
            return process.child
        }
        self.curl.stop()
        child.stop()
        _ = await child.status
    }

    /// Sends a request and reads the whole answer.
    public func send(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let box = Collector()
        let (socketPath, asked) = (self.socketPath, ContinuousClock.now)
        var request = request
        if self.pin.runsCredentialPlugin, !self.hasAnswered {
            request.timeoutSeconds = max(request.timeoutSeconds, Self.loginSeconds)
        }
        let outcome = await withCheckedContinuation {
            (continuation: CheckedContinuation<CurlTransfer.Outcome, Never>) in
            _ = self.curl.start(
                request, socketPath: socketPath, isStream: false,
                receive: { _, bytes in box.append(bytes) },
                finish: { continuation.resume(returning: $0) })
        }
        switch outcome {
        case .answered(let status):
            self.process.withLock { if $0.socketPath == socketPath { $0.silence.answered(at: .now) } }
            return APIResponse(status: status, body: box.bytes)
        case .timedOut(let reason):
            self.endIfSilent(since: asked, socketPath: socketPath)
            throw APIError(.unreachable, "kubectl proxy did not answer: \(reason)")
        case .failed(let reason): throw APIError(.unreachable, "kubectl proxy did not answer: \(reason)")
        }
    }

    /// Ends a kubectl that has answered before and is silent now; another takes its place.
    private func endIfSilent(since asked: ContinuousClock.Instant, socketPath: String) {
        let silent = self.process.withLock { process in
            process.socketPath == socketPath && process.silence.isDead(askedAt: asked) ? process.child : nil
        }
        silent?.stop()
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
                    case .failed(let reason), .timedOut(let reason):
                        continuation.finish(throwing: APIError(.unreachable, reason))
                    }
                })
            continuation.onTermination = { [curl] _ in curl.cancel(identifier) }
        }
    }
}
