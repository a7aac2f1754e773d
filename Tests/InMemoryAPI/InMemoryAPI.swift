import Foundation
public import Kubernetes
import Synchronization

/// An API server in memory, for what no real one does on demand: answers that are lost, and odd codes.
///
/// It knows objects by their paths, uids, resource versions, label selectors, JSON Patch and delete preconditions. It has no
/// admission, no defaults beside a Service's address, and no controllers; garbage is collected when a test says so.
public final class InMemoryAPI: APITransport {
    private struct State {
        var objects: [String: JSONValue] = [:]
        var version = 100
        var faults: [Fault] = []
        var forbidden: Set<String> = []
        var minor = "36"
        var requests: [APIRequest] = []
        var watchers: [Int: Watcher] = [:]
    }

    private struct Watcher {
        var path: ObjectPath
        var query: [APIRequest.QueryItem]
        var stream: AsyncThrowingStream<[UInt8], any Error>.Continuation
    }

    private let state = Mutex(State())

    /// An empty server.
    public init() {}

    /// A client of it.
    public var client: KubernetesClient { KubernetesClient(transport: self) }

    /// All requests so far, watches too.
    public var requests: [APIRequest] { self.state.withLock { $0.requests } }

    /// The paths of all objects, sorted.
    public var paths: [String] { self.state.withLock { $0.objects.keys.sorted() } }

    /// From now on, this happens to requests that it fits.
    public func add(_ fault: Fault) { self.state.withLock { $0.faults.append(fault) } }

    /// From now on the user may not do this, as a review says it: `patch services`.
    public func forbid(_ rights: String...) { self.state.withLock { $0.forbidden.formUnion(rights) } }

    /// The server's minor version.
    public func set(minor: String) { self.state.withLock { $0.minor = minor } }

    /// The object at a path, or `nil`.
    public subscript(path: String) -> JSONValue? { self.state.withLock { $0.objects[path] } }

    /// Puts an object there as another client's write would.
    @discardableResult
    public func put(_ object: JSONValue, in collection: String) -> JSONValue {
        self.state.withLock { Self.store(object, in: ObjectPath(collection), &$0) }
    }

    /// Deletes an object as another client would.
    public func remove(_ path: String) { self.state.withLock { Self.remove(path, &$0) } }

    /// Deletes what has an owner that is gone, until nothing is left of that.
    public func collectGarbage() {
        self.state.withLock { state in
            while true {
                let uids = Set(state.objects.values.compactMap { $0["metadata"]?["uid"]?.text })
                let orphan = state.objects.first { _, object in
                    guard case .array(let owners)? = object["metadata"]?["ownerReferences"] else { return false }
                    return !owners.contains { uids.contains($0["uid"]?.text ?? "") }
                }
                guard let orphan else { return }
                Self.remove(orphan.key, &state)
            }
        }
    }

    public func send(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let answer: APIResponse? = self.state.withLock { state in
            state.requests.append(request)
            let index = state.faults.firstIndex { $0.fits(request) }
            let effect = index.flatMap { state.faults[$0].next() }
            switch effect {
            case .lostBefore: return nil
            case .answer(let status, let body): return APIResponse(status: status, body: Array(body.utf8))
            case .repeated:
                _ = Self.carryOut(request, &state)
                return Self.carryOut(request, &state)
            case .lostAfter:
                _ = Self.carryOut(request, &state)
                return nil
            case nil: return Self.carryOut(request, &state)
            }
        }
        guard let answer else { throw APIError(.unreachable, "no answer") }
        return answer
    }

    public func lines(_ request: APIRequest) -> AsyncThrowingStream<[UInt8], any Error> {
        let (stream, continuation) = AsyncThrowingStream<[UInt8], any Error>.makeStream()
        self.state.withLock { state in
            let watcher = Watcher(path: ObjectPath(request.path), query: request.query, stream: continuation)
            let id = state.requests.count
            state.requests.append(request)
            state.watchers[id] = watcher
            continuation.onTermination = { [weak self] _ in
                // Not under the lock in which a line may just be sent.
                Task { self?.state.withLock { $0.watchers[id] = nil } }
            }
            for path in state.objects.keys.sorted() { Self.tell("ADDED", path, state.objects[path]!, [watcher]) }
        }
        return stream
    }

    /// Ends all watches, as a server does after their time.
    public func endWatches(throwing error: APIError? = nil) {
        let watchers = self.state.withLock { Array($0.watchers.values) }
        for watcher in watchers { watcher.stream.finish(throwing: error) }
    }

    // MARK: What the server does

    private static func carryOut(_ request: APIRequest, _ state: inout State) -> APIResponse {
        let path = ObjectPath(request.path)
        let body = request.body.flatMap { JSONValue(text: String(decoding: $0, as: UTF8.self)) } ?? .null
        switch (request.method, path.name) {
        case (.get, _) where request.path == "/version":
            return APIResponse(
                200, ["gitVersion": .string("v1.\(state.minor).0"), "major": "1", "minor": .string(state.minor)])
        case (.post, nil) where path.plural == "selfsubjectaccessreviews":
            let asked = body["spec"]?["resourceAttributes"]
            let right = [asked?["verb"]?.text, asked?["resource"]?.text].compactMap(\.self).joined(separator: " ")
            return APIResponse(201, ["status": ["allowed": .bool(!state.forbidden.contains(right))]])
        case (.post, nil):
            guard let name = body["metadata"]?["name"]?.text else { return .failure(422, "Invalid", "no name") }
            guard state.objects[path.path(of: name)] == nil else {
                return .failure(409, "AlreadyExists", "\(path.plural) \"\(name)\" already exists")
            }
            if request.query.contains(.init("dryRun", "All")) { return APIResponse(201, body) }
            return APIResponse(201, Self.store(body, in: path, &state))
        case (.get, nil):
            let labels = request.query.first { $0.name == "labelSelector" }?.value
            let found = state.objects.filter { path.holds($0.key) && Self.matches($0.value, labels) }
            return APIResponse(200, ["items": .array(found.sorted { $0.key < $1.key }.map(\.value))])
        case (_, let name):
            guard let name, let object = state.objects[request.path] else {
                return .failure(404, "NotFound", "\(path.plural) \"\(path.name ?? "")\" not found")
            }
            switch request.method {
            case .get: return APIResponse(200, object)
            case .delete: return Self.delete(request.path, object, body, &state)
            case .patch: return Self.patch(request.path, object, body, &state)
            case .post: return .failure(405, "MethodNotAllowed", name)
            }
        }
    }

    private static func delete(
        _ path: String, _ object: JSONValue, _ options: JSONValue, _ state: inout State
    ) -> APIResponse {
        if let uid = options["preconditions"]?["uid"], uid != object["metadata"]?["uid"] {
            return .failure(409, "Conflict", "the UID in the precondition does not match")
        }
        Self.remove(path, &state)
        return APIResponse(200, ["kind": "Status", "status": "Success"])
    }

    private static func patch(
        _ path: String, _ object: JSONValue, _ patch: JSONValue, _ state: inout State
    ) -> APIResponse {
        guard case .array(let operations) = patch, let patched = object.patched(by: operations) else {
            return .failure(422, "Invalid", "the server rejected our request due to an error in our request")
        }
        guard patched["metadata"]?["resourceVersion"] == object["metadata"]?["resourceVersion"] else {
            return .failure(409, "Conflict", "the object has been modified")
        }
        return APIResponse(200, Self.write(patched, at: path, "MODIFIED", &state))
    }

    private static func store(_ object: JSONValue, in path: ObjectPath, _ state: inout State) -> JSONValue {
        let name = object["metadata"]?["name"]?.text ?? ""
        var object = object.setting(["metadata", "uid"], .string("uid-\(state.version + 1)"))
        if path.plural == "services", object["spec"]?["clusterIP"] == nil {
            object = object.setting(["spec", "clusterIP"], .string("10.96.0.\(state.version % 250)"))
        }
        return Self.write(object, at: path.path(of: name), "ADDED", &state)
    }

    private static func write(
        _ object: JSONValue, at path: String, _ event: String, _ state: inout State
    ) -> JSONValue {
        state.version += 1
        let object = object.setting(["metadata", "resourceVersion"], .string("\(state.version)"))
        state.objects[path] = object
        Self.tell(event, path, object, Array(state.watchers.values))
        return object
    }

    private static func remove(_ path: String, _ state: inout State) {
        guard let object = state.objects.removeValue(forKey: path) else { return }
        Self.tell("DELETED", path, object, Array(state.watchers.values))
    }

    private static func tell(_ type: String, _ path: String, _ object: JSONValue, _ watchers: [Watcher]) {
        for watcher in watchers where watcher.path.holds(path) {
            func value(_ name: String) -> String? { watcher.query.first { $0.name == name }?.value }
            if let field = value("fieldSelector"), field != "metadata.name=\(ObjectPath(path).name ?? "")" { continue }
            guard Self.matches(object, value("labelSelector")) else { continue }
            let event: JSONValue = ["type": .string(type), "object": object]
            watcher.stream.yield(Array(event.canonicalText.utf8))
        }
    }

    private static func matches(_ object: JSONValue, _ selector: String?) -> Bool {
        (selector ?? "").split(separator: ",").allSatisfy { requirement in
            let parts = requirement.split(separator: "=", maxSplits: 1).map(String.init)
            let value = object["metadata"]?["labels"]?[parts[0]]?.text
            return parts.count == 1 ? value != nil : value == parts[1]
        }
    }
}
