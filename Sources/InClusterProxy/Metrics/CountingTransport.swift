import Kubernetes
import Synchronization

/// Counts what goes wrong on the way to the API server.
final class CountingTransport: APITransport {
    private let transport: any APITransport
    private let failures = Atomic<Int>(0)
    private let requests = Atomic<Int>(0)

    /// Counts for another transport.
    init(_ transport: any APITransport) {
        self.transport = transport
    }

    /// Requests so far, watches among them.
    var requestCount: Int { self.requests.load(ordering: .relaxed) }
    /// Those without an answer, and those that the server could not carry out (429, 5xx).
    var failureCount: Int { self.failures.load(ordering: .relaxed) }

    func send(_ request: APIRequest) async throws(APIError) -> APIResponse {
        self.requests.add(1, ordering: .relaxed)
        do throws(APIError) {
            let response = try await self.transport.send(request)
            if response.status == 429 || response.status >= 500 { self.failures.add(1, ordering: .relaxed) }
            return response
        } catch {
            self.failures.add(1, ordering: .relaxed)
            throw error
        }
    }

    func lines(_ request: APIRequest) -> AsyncThrowingStream<[UInt8], any Error> {
        self.requests.add(1, ordering: .relaxed)
        return self.transport.lines(request)
    }
}
