import FoundationEssentials

/// The pod's own credentials, as the kubelet projects them into the pod. Tokens are replaced while the pod runs.
struct ServiceAccountCredentials: Sendable, Equatable {
    /// The folder that every pod with an account has (kubernetes.io docs, "Accessing the API from a Pod").
    static let folder = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// The bearer token.
    var token: String
    /// The file with the cluster's certificate authority.
    var authorityFile: String
    /// That file's contents: a change needs new connections.
    var authority: [UInt8]

    /// Reads them now; `nil` when the pod has none.
    static func read(from folder: String = Self.folder) -> ServiceAccountCredentials? {
        let authorityFile = folder + "/ca.crt"
        guard let token = try? Data(contentsOf: URL(filePath: folder + "/token")),
            let authority = try? Data(contentsOf: URL(filePath: authorityFile))
        else { return nil }
        let text = String(decoding: token, as: UTF8.self).filter { !$0.isWhitespace && $0.isASCII }
        guard !text.isEmpty else { return nil }
        return ServiceAccountCredentials(token: text, authorityFile: authorityFile, authority: Array(authority))
    }
}
