import Kubernetes

extension APIResponse {
    /// An answer with an object.
    init(_ status: Int, _ object: JSONValue) {
        self.init(status: status, body: Array(object.canonicalText.utf8))
    }

    /// A refusal as the API server words it (`Status`, meta/v1).
    static func failure(_ status: Int, _ reason: String, _ message: String) -> APIResponse {
        APIResponse(
            status,
            [
                "kind": "Status", "status": "Failure", "reason": .string(reason), "message": .string(message),
                "code": .integer(Int64(status)),
            ])
    }
}
