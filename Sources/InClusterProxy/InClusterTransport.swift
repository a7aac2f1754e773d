import AsyncHTTPClient
import Kubernetes
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// The API from inside the cluster, with the pod's ServiceAccount.
actor InClusterTransport: APITransport {
    /// How old a token that was read may be, in seconds: the kubelet replaces it long before it runs out.
    static let credentialsAge = Duration.seconds(60)

    private let base: String
    private let group: any EventLoopGroup
    private let folder: String
    private var credentials: ServiceAccountCredentials?
    private var readAt: ContinuousClock.Instant?
    private var client: HTTPClient?

    /// A transport to the API server that the pod's environment names; `nil` outside a cluster.
    init?(environment: [String: String], group: any EventLoopGroup, folder: String = ServiceAccountCredentials.folder) {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], let port = environment["KUBERNETES_SERVICE_PORT"]
        else {
            return nil
        }
        self.base = host.contains(":") ? "https://[\(host)]:\(port)" : "https://\(host):\(port)"
        self.group = group
        self.folder = folder
    }

    /// Sends a request and reads the whole answer; after a 401 once more with credentials read anew.
    func send(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let response = try await self.sendOnce(request)
        guard response.status == 401 else { return response }
        self.readAt = nil
        return try await self.sendOnce(request)
    }

    /// The longest answer that is read, in bytes: far above any list that a proxy asks for.
    private static let longestAnswer = 16 << 20

    private func sendOnce(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let (client, token) = try self.prepared()
        do {
            let response = try await client.execute(
                self.made(request, token: token), timeout: .seconds(Int64(request.timeoutSeconds)))
            let body = try await response.body.collect(upTo: Self.longestAnswer)
            return APIResponse(status: Int(response.status.code), body: Array(buffer: body))
        } catch {
            throw APIError(.unreachable, "the API server did not answer: \(error)")
        }
    }

    /// Sends a request whose answer is a stream of lines.
    nonisolated func lines(_ request: APIRequest) -> AsyncThrowingStream<[UInt8], any Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    let (client, token) = try await self.prepared()
                    let response = try await client.execute(
                        self.made(request, token: token), deadline: .distantFuture)
                    guard response.status == .ok else {
                        if response.status == .unauthorized { await self.forgetCredentials() }
                        let body = try await response.body.collect(upTo: Self.longestAnswer)
                        throw APIError.refusal(status: Int(response.status.code), body: Array(buffer: body))
                    }
                    var splitter = LineSplitter()
                    for try await part in response.body {
                        for line in splitter.append(part.readableBytesView) { continuation.yield(line) }
                    }
                    continuation.finish()
                } catch let error as APIError {
                    continuation.finish(throwing: error)
                } catch {
                    continuation.finish(throwing: APIError(.unreachable, "\(error)"))
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    private func forgetCredentials() { self.readAt = nil }

    nonisolated private func made(_ request: APIRequest, token: String) -> HTTPClientRequest {
        var made = HTTPClientRequest(url: self.base + request.target)
        made.method = HTTPMethod(rawValue: request.method.rawValue)
        made.headers.add(name: "authorization", value: "Bearer \(token)")
        made.headers.add(name: "accept", value: "application/json")
        made.headers.add(name: "user-agent", value: "kubectl-tunnel-proxy")
        if let type = request.contentType { made.headers.add(name: "content-type", value: type) }
        if let body = request.body { made.body = .bytes(ByteBuffer(bytes: body)) }
        return made
    }

    /// The client and the token of this moment.
    private func prepared() throws(APIError) -> (HTTPClient, String) {
        let now = ContinuousClock.now
        if let readAt, now - readAt < Self.credentialsAge, let client, let credentials {
            return (client, credentials.token)
        }
        guard let fresh = ServiceAccountCredentials.read(from: self.folder) else {
            throw APIError(.unauthorized, "the pod has no ServiceAccount token")
        }
        if self.client == nil || fresh.authority != self.credentials?.authority {
            if let old = self.client { Task { try? await old.shutdown() } }
            self.client = self.makeClient(authorityFile: fresh.authorityFile)
        }
        self.credentials = fresh
        self.readAt = now
        guard let client else { throw APIError(.unreachable, "no client") }
        return (client, fresh.token)
    }

    private func makeClient(authorityFile: String) -> HTTPClient {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .file(authorityFile)
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.timeout.connect = .seconds(5)
        configuration.httpVersion = .http1Only
        return HTTPClient(eventLoopGroupProvider: .shared(self.group), configuration: configuration)
    }

    /// Closes the connections.
    func shutdown() async {
        try? await self.client?.shutdown()
        self.client = nil
    }
}
