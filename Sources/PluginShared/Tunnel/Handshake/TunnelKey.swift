import Crypto

/// An end's key pair (X25519), made for one run and kept in memory only.
public struct TunnelKey: Sendable, CustomStringConvertible {
    private let key: Curve25519.KeyAgreement.PrivateKey

    /// A new key from the system's cryptographic generator.
    public init() {
        self.key = Curve25519.KeyAgreement.PrivateKey()
    }

    /// The half that others may know.
    public var publicKey: TunnelPublicKey { TunnelPublicKey(self.key.publicKey) }

    /// Never the key, so that a log line cannot leak it.
    public var description: String { "TunnelKey(…)" }

    /// What this key and another's public half give, and nobody else can know: HKDF-SHA256 over the agreement and both public
    /// halves, the session's first.
    ///
    /// - Returns: `nil` for a public half of small order, with which everybody could know it.
    func secret(with peer: TunnelPublicKey, session: TunnelPublicKey, proxy: TunnelPublicKey) -> SymmetricKey? {
        guard let other = try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: peer.bytes),
            let agreement = try? self.key.sharedSecretFromKeyAgreement(with: other)
        else { return nil }
        // RFC 7748 leaves this to its users, and the library to its own.
        let isKnownToAll = agreement.withUnsafeBytes { $0.reduce(0, |) } == 0
        guard !isKnownToAll else { return nil }
        return agreement.hkdfDerivedSymmetricKey(
            using: SHA256.self, salt: Array("kubectl-tunnel".utf8), sharedInfo: session.bytes + proxy.bytes,
            outputByteCount: 32)
    }
}
