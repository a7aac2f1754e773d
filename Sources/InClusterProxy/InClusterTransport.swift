import Kubernetes
import NIOCore
import NIOHTTP1
import NIOSSL

/// The API from inside the cluster, with the pod's ServiceAccount.
///
/// Over NIOHTTP1 and NIOSSL: AsyncHTTPClient brings all of Foundation with it, and the image then has 70 MB, not 22.
actor InClusterTransport: APITransport {
    /// How old credentials that were read may be, in seconds: the kubelet replaces a token long before it runs out.
    static let credentialsAge = Duration.seconds(60)
    /// The longest answer that is read, in bytes: far above any list that a proxy asks for.
    private static let longestAnswer = 16 << 20

    private let host: String
    private let port: Int
    private let group: any EventLoopGroup
    private let folder: String
    private var credentials: ServiceAccountCredentials?
    private var readAt: ContinuousClock.Instant?
    private var tls: NIOSSLContext?
    private var idle: APIConnection?

    /// A transport to the API server that the pod's environment names; `nil` outside a cluster.
    init?(environment: [String: String], group: any EventLoopGroup, folder: String = ServiceAccountCredentials.folder) {
        guard let host = environment["KUBERNETES_SERVICE_HOST"],
            let port = environment["KUBERNETES_SERVICE_PORT"].flatMap(Int.init), (1...65_535).contains(port)
        else { return nil }
        self.host = host
        self.port = port
        self.group = group
        self.folder = folder
    }

    /// Sends a request and reads the whole answer; after a 401 once more with credentials read again.
    func send(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let response = try await self.sendOnce(request)
        guard response.status == 401 else { return response }
        self.readAt = nil
        return try await self.sendOnce(request)
    }

    private func sendOnce(_ request: APIRequest) async throws(APIError) -> APIResponse {
        do {
            // A keep-alive connection may have been closed by the server just now: then a new one is tried.
            if let idle = self.idle, idle.isOpen {
                self.idle = nil
                if let response = try? await self.answer(request, on: idle) { return response }
            }
            return try await self.answer(request, on: try await self.connect())
        } catch let error as APIError {
            throw error
        } catch {
            throw APIError(.unreachable, "the API server did not answer: \(error)")
        }
    }

    private func answer(_ request: APIRequest, on connection: APIConnection) async throws -> APIResponse {
        let head = try self.head(of: request)
        let limit = Task {
            try await Task.sleep(for: .seconds(request.timeoutSeconds))
            connection.close()
        }
        defer { limit.cancel() }
        var response = APIResponse(status: 0, body: [])
        var staysOpen = true
        for try await part in connection.exchange(head, body: request.body) {
            switch part {
            case .head(let head):
                response.status = Int(head.status.code)
                staysOpen = head.isKeepAlive
            case .body(let bytes):
                response.body += bytes.readableBytesView
                guard response.body.count <= Self.longestAnswer else { throw APIError(.malformed, "answer too long") }
            case .end: break
            }
        }
        if staysOpen, self.idle == nil { self.idle = connection } else { connection.close() }
        return response
    }

    /// Sends a request whose answer is a stream of lines.
    nonisolated func lines(_ request: APIRequest) -> AsyncThrowingStream<[UInt8], any Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    try await self.forward(request, to: continuation)
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

    private func forward(
        _ request: APIRequest, to continuation: AsyncThrowingStream<[UInt8], any Error>.Continuation
    ) async throws {
        let connection = try await self.connect()
        defer { connection.close() }
        var splitter = LineSplitter()
        var refusal: APIResponse?
        for try await part in connection.exchange(try self.head(of: request), body: request.body) {
            switch part {
            case .head(let head) where head.status != .ok:
                refusal = APIResponse(status: Int(head.status.code), body: [])
                if head.status == .unauthorized { self.readAt = nil }
            case .body(let bytes) where refusal == nil:
                for line in splitter.append(bytes.readableBytesView) { continuation.yield(line) }
            case .body(let bytes): refusal?.body += bytes.readableBytesView
            case .head, .end: break
            }
        }
        if let refusal { throw APIError.refusal(status: refusal.status, body: refusal.body) }
    }

    private func head(of request: APIRequest) throws(APIError) -> HTTPRequestHead {
        let token = try self.currentCredentials().token
        var headers: HTTPHeaders = [
            "host": self.host, "authorization": "Bearer \(token)", "accept": "application/json",
            "user-agent": "kubectl-tunnel-proxy", "content-length": "\(request.body?.count ?? 0)",
        ]
        if let type = request.contentType { headers.add(name: "content-type", value: type) }
        return HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: request.method.rawValue), uri: request.target,
            headers: headers)
    }

    private func connect() async throws -> APIConnection {
        _ = try self.currentCredentials()
        guard let tls = self.tls else {
            throw APIError(.unreachable, "the cluster's certificate authority is unreadable")
        }
        return try await APIConnection.open(host: self.host, port: self.port, tls: tls, group: self.group)
    }

    /// The credentials of this moment; a changed certificate authority is used by the next connection.
    private func currentCredentials() throws(APIError) -> ServiceAccountCredentials {
        let now = ContinuousClock.now
        if let readAt, now - readAt < Self.credentialsAge, let credentials { return credentials }
        guard let fresh = ServiceAccountCredentials.read(from: self.folder) else {
            throw APIError(.unauthorized, "the pod has no ServiceAccount token")
        }
        if self.tls == nil || fresh.authority != self.credentials?.authority {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.trustRoots = (try? NIOSSLCertificate.fromPEMBytes(fresh.authority)).map { .certificates($0) }
            self.tls = try? NIOSSLContext(configuration: configuration)
            self.idle?.close()
            self.idle = nil
        }
        self.credentials = fresh
        self.readAt = now
        return fresh
    }

    /// Closes what is open.
    func shutdown() {
        self.idle?.close()
        self.idle = nil
    }
}
