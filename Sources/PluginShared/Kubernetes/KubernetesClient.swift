/// The API as this project uses it: typed objects over any ``APITransport``.
public struct KubernetesClient: Sendable {
    /// The name that stands in managedFields for what this project wrote.
    public static let fieldManager = "kubectl-tunnel"

    private let transport: any APITransport

    /// A client over a transport.
    public init(transport: any APITransport) {
        self.transport = transport
    }

    /// The server's version.
    public func version() async throws(APIError) -> ServerVersion {
        try await self.decoded(APIRequest(.get, "/version"))
    }

    /// Reads one object.
    ///
    /// - Parameter timeoutSeconds: How long the answer may take; `nil` for as long as any.
    /// - Throws: ``APIError``; code `notFound` when there is none.
    public func get<Object>(
        _ type: ResourceType<Object>, _ name: String, in namespace: String, timeoutSeconds: Int? = nil
    ) async throws(APIError) -> Object {
        var request = APIRequest(.get, type.path(namespace: namespace, name: name))
        if let timeoutSeconds { request.timeoutSeconds = timeoutSeconds }
        return try await self.decoded(request)
    }

    /// Whether the server says that there is no such namespace; who may not see namespaces does not hear it.
    public func lacksNamespace(_ name: String) async -> Bool {
        do throws(APIError) {
            let path = ResourceType<PartialObject>.namespaces.path(namespace: nil, name: name)
            let _: PartialObject = try await self.decoded(APIRequest(.get, path))
            return false
        } catch {
            return error.code == .notFound
        }
    }

    /// Reads one object, or `nil` when there is none.
    ///
    /// - Parameter timeoutSeconds: How long the answer may take; `nil` for as long as any.
    public func find<Object>(
        _ type: ResourceType<Object>, _ name: String, in namespace: String, timeoutSeconds: Int? = nil
    ) async throws(APIError) -> Object? {
        do {
            return try await self.get(type, name, in: namespace, timeoutSeconds: timeoutSeconds)
        } catch let error where error.code == .notFound {
            return nil
        }
    }

    /// Whether there is an object of that name.
    public func has<Object>(
        _ type: ResourceType<Object>, _ name: String, in namespace: String
    ) async throws(APIError) -> Bool {
        try await self.find(type.metadataOnly, name, in: namespace) != nil
    }

    /// Reads all objects with the given labels, in one namespace or (`nil`) in all.
    ///
    /// - Parameter limit: The most objects to read, where a few will do.
    public func list<Object>(
        _ type: ResourceType<Object>, in namespace: String?, labels: String? = nil, limit: Int? = nil
    ) async throws(APIError) -> ObjectList<Object> {
        var query = labels.map { [APIRequest.QueryItem("labelSelector", $0)] } ?? []
        if let limit { query.append(APIRequest.QueryItem("limit", "\(limit)")) }
        return try await self.decoded(APIRequest(.get, type.path(namespace: namespace), query: query))
    }

    /// Creates an object.
    ///
    /// - Parameter isDryRun: Whether it goes through everything but storage: admission, quota, webhooks.
    /// - Throws: ``APIError``; code `alreadyExists` when the name is taken.
    @discardableResult
    public func create<Object>(
        _ type: ResourceType<Object>, _ object: some Encodable & Sendable, in namespace: String,
        isDryRun: Bool = false
    ) async throws(APIError) -> Object {
        let dryRun = isDryRun ? [APIRequest.QueryItem("dryRun", "All")] : []
        let request = APIRequest(
            .post, type.path(namespace: namespace), query: [.init("fieldManager", Self.fieldManager)] + dryRun,
            body: try JSONCoding.encode(object), contentType: "application/json")
        return try await self.decoded(request)
    }

    /// Patches an object.
    ///
    /// - Parameter timeoutSeconds: How long the answer may take; `nil` for as long as any.
    /// - Throws: ``APIError``; code `conflict` when the guarded version is old, `invalid` when a `test` failed.
    @discardableResult
    public func patch<Object>(
        _ type: ResourceType<Object>, _ name: String, in namespace: String, _ patch: JSONPatch,
        timeoutSeconds: Int? = nil
    ) async throws(APIError) -> Object {
        var request = APIRequest(
            .patch, type.path(namespace: namespace, name: name),
            query: [.init("fieldManager", Self.fieldManager)],
            body: try JSONCoding.encode(patch), contentType: "application/json-patch+json")
        if let timeoutSeconds { request.timeoutSeconds = timeoutSeconds }
        return try await self.decoded(request)
    }

    /// Deletes an object; one that is gone already, or has another uid than the given one, is left alone.
    ///
    /// - Throws: ``APIError``; code `conflict` when the object was to be another, and is not: it is an intermediary's word,
    ///   as a load balancer's.
    public func delete<Object>(
        _ type: ResourceType<Object>, _ name: String, in namespace: String, uid: String? = nil
    ) async throws(APIError) {
        var options: [String: JSONValue] = [
            "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background",
        ]
        if let uid { options["preconditions"] = ["uid": .string(uid)] }
        let request = APIRequest(
            .delete, type.path(namespace: namespace, name: name),
            body: try JSONCoding.encode(JSONValue.object(options)), contentType: "application/json")
        do {
            _ = try await self.sent(request)
        } catch {
            if error.code == .notFound { return }
            guard error.code == .conflict, let uid else { throw error }
            // Who may not look has to believe it.
            let found = try? await self.find(type.metadataOnly, name, in: namespace)
            if found?.metadata.uid == uid { throw error }
        }
    }

    /// Whether the user may do something in a namespace (SelfSubjectAccessReview, authorization.k8s.io/v1).
    public func isAllowed(
        _ verb: String, _ resource: String, group: String = "", name: String? = nil, in namespace: String
    ) async throws(APIError) -> Bool {
        let parts = resource.split(separator: "/", maxSplits: 1).map(String.init)
        var attributes: [String: JSONValue] = [
            "namespace": .string(namespace), "verb": .string(verb), "group": .string(group),
            "resource": .string(parts[0]),
        ]
        if parts.count > 1 { attributes["subresource"] = .string(parts[1]) }
        if let name { attributes["name"] = .string(name) }
        let review: JSONValue = [
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": ["resourceAttributes": .object(attributes)],
        ]
        let request = APIRequest(
            .post, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            body: try JSONCoding.encode(review), contentType: "application/json")
        let answer: JSONValue = try await self.decoded(request)
        return answer["status"]?["allowed"] == .bool(true)
    }

    /// Who the server takes the user for (1.28 and newer tell).
    ///
    /// - Throws: ``APIError``; code `notFound` where the server is older.
    public func userName() async throws(APIError) -> String? {
        let review: JSONValue = ["apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"]
        let request = APIRequest(
            .post, "/apis/authentication.k8s.io/v1/selfsubjectreviews", body: try JSONCoding.encode(review),
            contentType: "application/json")
        let answer: JSONValue = try await self.decoded(request)
        return answer["status"]?["userInfo"]?["username"]?.text
    }

    /// Watches one object by name, from now on: its present state comes first, as `added`.
    ///
    /// The request carries the field selector that lets RBAC limit a watch to one name.
    public func watch<Object>(
        _ type: ResourceType<Object>, name: String, in namespace: String
    ) -> AsyncThrowingStream<WatchEvent<Object>, any Error> {
        self.watch(type, in: namespace, query: [.init("fieldSelector", "metadata.name=\(name)")])
    }

    /// Watches the objects with the given labels, from now on: those that exist come first, as `added`.
    public func watch<Object>(
        _ type: ResourceType<Object>, labels: String, in namespace: String
    ) -> AsyncThrowingStream<WatchEvent<Object>, any Error> {
        self.watch(type, in: namespace, query: [.init("labelSelector", labels)])
    }

    private func watch<Object>(
        _ type: ResourceType<Object>, in namespace: String, query: [APIRequest.QueryItem]
    ) -> AsyncThrowingStream<WatchEvent<Object>, any Error> {
        // The server ends a watch by itself after this time, so a dead connection is never watched for longer.
        let request = APIRequest(
            .get, type.path(namespace: namespace),
            query: [.init("watch", "true"), .init("timeoutSeconds", "240")] + query)
        let lines = self.transport.lines(request)
        return AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    for try await line in lines {
                        continuation.yield(try WatchEvent(line: line))
                    }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    private func decoded<Value: Decodable>(_ request: APIRequest) async throws(APIError) -> Value {
        try JSONCoding.decode(Value.self, from: try await self.sent(request).body)
    }

    private func sent(_ request: APIRequest) async throws(APIError) -> APIResponse {
        let response = try await self.transport.send(request)
        guard (200..<300).contains(response.status) else {
            throw APIStatus.error(status: response.status, body: response.body)
        }
        return response
    }
}

/// A list of objects, as the API server returns it.
public struct ObjectList<Object: Codable & Sendable>: Codable, Sendable {
    /// The objects.
    public var items: [Object]
}
