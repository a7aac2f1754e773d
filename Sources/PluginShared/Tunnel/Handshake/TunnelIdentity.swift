import Crypto

/// The versions of the tunnel's wire protocol.
public enum TunnelProtocolVersion {
    /// The version this build speaks, and the only one it accepts. 1 had a secret in the place of keys.
    public static let current: UInt8 = 2
}

/// Who a laptop is, and what it proves that with.
public struct LaptopIdentity: Sendable {
    /// The session's identifier; it is sent in the clear.
    public var session: String
    /// The session's key.
    public var key: TunnelKey
    /// The software's version, for messages such as "update the plugin". It is sent in the clear.
    public var software: String

    /// An identity for one session.
    public init(session: String, key: TunnelKey, software: String) {
        self.session = session
        self.key = key
        self.software = software
    }
}

/// Who a pod is, and whom it takes.
public struct PodIdentity: Sendable {
    /// The public half of the pod's key, which it shows in the handshake.
    public let publicKey: TunnelPublicKey
    /// The software's version.
    let software: String
    private let key: TunnelKey
    /// What each session's laptop has to know, and the public key that it follows from.
    private var known: [String: (key: TunnelPublicKey, secret: SymmetricKey)] = [:]

    /// An identity with a key of its own, which takes nobody yet.
    public init(software: String) {
        self.key = TunnelKey()
        self.publicKey = self.key.publicKey
        self.software = software
    }

    /// Takes these sessions, and no others. The key that a session came with is not replaced, and one of small order is none.
    mutating func take(_ sessions: [String: TunnelPublicKey]) {
        self.known = self.known.filter { sessions[$0.key] != nil }
        for (session, key) in sessions where self.known[session] == nil {
            guard let secret = self.key.secret(with: key, session: key, proxy: self.publicKey) else { continue }
            self.known[session] = (key, secret)
        }
    }

    /// What a session's laptop has to know; `nil` for a session that may not connect.
    func secret(for session: String) -> SymmetricKey? { self.known[session]?.secret }
}

extension [UInt8] {
    /// Bytes from the system's cryptographic generator.
    static func random(byteCount: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<byteCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}
