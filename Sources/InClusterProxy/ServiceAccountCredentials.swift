import FoundationEssentials

/// The pod's own credentials, as the kubelet projects them into the pod. Tokens are replaced while the pod runs.
struct ServiceAccountCredentials: Sendable, Equatable {
    /// The folder that every pod with an account has (kubernetes.io, "Accessing the Kubernetes API from a Pod").
    static let folder = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// The bearer token.
    var token: String
    /// The cluster's certificate authority, PEM.
    var authority: [UInt8]

    /// Reads them now; `nil` when the pod has none.
    static func read(from folder: String = Self.folder) -> ServiceAccountCredentials? {
        guard let token = try? Data(contentsOf: URL(filePath: folder + "/token")),
            let authority = try? Data(contentsOf: URL(filePath: folder + "/ca.crt"))
        else { return nil }
        let text = String(decoding: token, as: UTF8.self).filter { !$0.isWhitespace && $0.isASCII }
        guard !text.isEmpty else { return nil }
        return ServiceAccountCredentials(token: text, authority: Array(authority))
    }
}
