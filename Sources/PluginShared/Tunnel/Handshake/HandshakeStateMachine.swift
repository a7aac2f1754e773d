import Crypto
import NIOCore

/// The mutual proof of who is there, before the first byte of HTTP/2. The laptop is the connector, the pod the acceptor.
///
///     connector → acceptor   header, role (1), length (1), session, nonce (32)
///     acceptor → connector   header, 1, key (32), nonce (32), proof (32)   or   header, 2, refusal (1)
///     connector → acceptor   proof (32)
///     acceptor → connector   1                                             or   2, refusal (1)
///
/// The pod shows its public key; the session's it knows already. A proof is HMAC-SHA256, under what both keys give together
/// (``TunnelKey``), of the prover's position and everything sent in the first two messages. The position keeps one side's
/// proof from being played back to it, the nonces keep old proofs from being used again. That the pod's key is the proxy's
/// has to be seen elsewhere: in the Lease. A value: bytes in at any split, orders out; no input can trap.
struct HandshakeStateMachine {
    /// Which end of the TCP connection this is.
    enum Position: UInt8 {
        /// The end that dialled; it speaks first.
        case connector = 1
        /// The end that was dialled.
        case acceptor = 2
    }

    /// Bytes in one nonce: as many as the proof has, so that no two handshakes ever share one.
    static let nonceByteCount = 32
    /// The longest session identifier, in bytes: a label's value.
    static let maximumSessionBytes = 63
    /// Bytes in one proof: the output of SHA-256.
    static let proofByteCount = 32
    /// The most bytes taken from an unauthenticated peer: 1 KiB, several times what an honest one sends.
    static let maximumByteCount = 1024

    /// What to do after bytes arrived.
    enum OnBytes: Equatable {
        /// Nothing: more bytes are needed.
        case wait
        /// Send these bytes and wait for the answer.
        case send([UInt8])
        /// The peer has proved itself: send these bytes; what follows belongs to HTTP/2.
        case accepted(Peer, reply: [UInt8], rest: [UInt8])
        /// Send these bytes and end the connection.
        case refuse(reply: [UInt8], TunnelError)
    }

    /// Who has proved itself.
    enum Peer: Sendable, Equatable {
        /// The laptop of this session.
        case laptop(session: String)
        /// The pod that has the private half of this key.
        case pod(TunnelPublicKey)
    }

    /// Who this end is.
    enum Identity {
        case laptop(LaptopIdentity)
        case pod(PodIdentity)

        var position: Position {
            switch self {
            case .laptop: .connector
            case .pod: .acceptor
            }
        }

        var software: String {
            switch self {
            case .laptop(let identity): identity.software
            case .pod(let identity): identity.software
            }
        }
    }

    /// What both ends need for their proofs, once they know each other's key.
    private struct Agreement {
        let peer: Peer
        let secret: SymmetricKey
        let transcript: [UInt8]
    }

    private enum State {
        /// Acceptor: waits for the first message. Next: `awaitingProof` or `finished`.
        case awaitingHello
        /// Connector: waits for the second message. Next: `awaitingVerdict` or `finished`.
        case awaitingChallenge(hello: [UInt8])
        /// Acceptor: waits for the third message. Next: `finished`.
        case awaitingProof(Agreement)
        /// Connector: waits for the fourth message. Next: `finished`.
        case awaitingVerdict(Peer)
        /// Accepted or refused; every further byte is ignored.
        case finished
    }

    private let identity: Identity
    private let version: UInt8
    private let role: HTTP2Role
    private let nonce: [UInt8]
    private var state: State
    private var buffer: [UInt8] = []
    private var receivedByteCount = 0

    /// Makes one end's machine.
    ///
    /// - Parameters:
    ///   - identity: Who this end is.
    ///   - role: The side of HTTP/2 this end will play; the peer must want the other.
    ///   - nonce: `nonceByteCount` random bytes, never used before.
    ///   - version: Another protocol version than this build's, for tests.
    init(
        _ identity: Identity,
        role: HTTP2Role,
        nonce: [UInt8],
        version: UInt8 = TunnelProtocolVersion.current
    ) {
        self.role = role
        self.identity = identity
        self.nonce = nonce
        self.version = version
        self.state = .awaitingHello
        if case .laptop(let laptop) = identity {
            let session = Array(laptop.session.utf8.prefix(Self.maximumSessionBytes))
            let hello = self.header + [role.rawValue, UInt8(session.count)] + session + nonce
            self.state = .awaitingChallenge(hello: hello)
        }
    }

    /// What the connector sends first; empty for the acceptor.
    var opening: [UInt8] {
        if case .awaitingChallenge(let hello) = self.state { return hello }
        return []
    }

    /// Takes bytes from the peer.
    mutating func received(_ bytes: some Sequence<UInt8>) -> OnBytes {
        if case .finished = self.state { return .wait }
        let before = self.buffer.count
        self.buffer.append(contentsOf: bytes)
        self.receivedByteCount += self.buffer.count - before
        let step = self.step()
        switch step {
        case .wait where self.receivedByteCount > HandshakeStateMachine.maximumByteCount:
            return self.refuse(.garbage, "the peer sent too many bytes before proving who it is")
        case .wait, .accepted, .refuse:
            return step
        case .send:
            return step
        }
    }

    private mutating func step() -> OnBytes {
        switch (self.state, self.identity) {
        case (.awaitingHello, .pod(let identity)): self.readHello(identity)
        case (.awaitingChallenge(let hello), .laptop(let identity)): self.readChallenge(identity, hello: hello)
        case (.awaitingProof(let agreement), _): self.readProof(agreement)
        case (.awaitingVerdict(let peer), _): self.readVerdict(of: peer)
        default: .wait
        }
    }

    private mutating func readHello(_ identity: PodIdentity) -> OnBytes {
        switch HandshakeHeader.read(self.buffer[...]) {
        case .incomplete: return .wait
        case .malformed: return self.refuse(.garbage, "the peer does not speak the tunnel's protocol")
        case .header(let header, let byteCount):
            guard header.version == self.version else { return self.refuseVersion(of: header) }
            guard self.buffer.count >= byteCount + 2 else { return .wait }
            let sessionCount = Int(self.buffer[byteCount + 1])
            guard sessionCount <= Self.maximumSessionBytes else {
                return self.refuse(.garbage, "the peer's session has too long a name")
            }
            let total = byteCount + 2 + sessionCount + Self.nonceByteCount
            guard self.buffer.count >= total else { return .wait }
            guard let peerRole = HTTP2Role(rawValue: self.buffer[byteCount]) else {
                return self.refuse(.garbage, "the peer asks for an unknown side of HTTP/2")
            }
            guard peerRole == self.role.opposite else {
                return self.refuse(.role, "both ends want to play the same side of HTTP/2")
            }
            let session = String(decoding: self.buffer[(byteCount + 2)...].prefix(sessionCount), as: UTF8.self)
            guard let secret = identity.secret(for: session) else {
                return self.refuse(.session, "the peer names another session")
            }
            let reply = self.header + [1] + identity.publicKey.bytes + self.nonce
            let agreement = Agreement(
                peer: .laptop(session: session), secret: secret,
                transcript: Array(self.buffer.prefix(total)) + reply)
            self.buffer.removeFirst(total)
            self.state = .awaitingProof(agreement)
            return .send(reply + Self.proof(of: .acceptor, agreement))
        }
    }

    private mutating func readChallenge(_ identity: LaptopIdentity, hello: [UInt8]) -> OnBytes {
        switch HandshakeHeader.read(self.buffer[...]) {
        case .incomplete: return .wait
        case .malformed: return self.refuse(.garbage, "the other end of the connection is not a tunnel")
        case .header(let header, let byteCount):
            guard header.version == self.version else { return self.refuseVersion(of: header) }
            guard self.buffer.count > byteCount else { return .wait }
            guard self.buffer[byteCount] == 1 else { return self.readRefusal(at: byteCount + 1) }
            let keyCount = byteCount + 1 + TunnelPublicKey.byteCount
            let challengeCount = keyCount + Self.nonceByteCount
            let total = challengeCount + Self.proofByteCount
            guard self.buffer.count >= total else { return .wait }
            let proof = Array(self.buffer[challengeCount..<total])
            guard let proxy = TunnelPublicKey(bytes: self.buffer[(byteCount + 1)..<keyCount]),
                let secret = identity.key.secret(with: proxy, session: identity.key.publicKey, proxy: proxy)
            else { return self.refuse(.garbage, "the other end's key is none") }
            let agreement = Agreement(
                peer: .pod(proxy), secret: secret, transcript: hello + self.buffer.prefix(challengeCount))
            guard Self.proof(of: .acceptor, agreement).isEqualInConstantTime(to: proof) else {
                return self.refuse(.proof, "the other end could not prove that it belongs to this session")
            }
            self.buffer.removeFirst(total)
            self.state = .awaitingVerdict(agreement.peer)
            return .send(Self.proof(of: .connector, agreement))
        }
    }

    private mutating func readProof(_ agreement: Agreement) -> OnBytes {
        guard self.buffer.count >= HandshakeStateMachine.proofByteCount else { return .wait }
        let proof = Array(self.buffer.prefix(HandshakeStateMachine.proofByteCount))
        guard Self.proof(of: .connector, agreement).isEqualInConstantTime(to: proof) else {
            self.state = .finished
            let error = TunnelError(code: .handshakeRefused, message: "the peer does not have this session's key")
            return .refuse(reply: [2, HandshakeRefusal.proof.rawValue], error)
        }
        let rest = Array(self.buffer.dropFirst(HandshakeStateMachine.proofByteCount))
        self.state = .finished
        self.buffer = []
        return .accepted(agreement.peer, reply: [1], rest: rest)
    }

    private mutating func readVerdict(of peer: Peer) -> OnBytes {
        guard let verdict = self.buffer.first else { return .wait }
        guard verdict == 1 else { return self.readRefusal(at: 1) }
        let rest = Array(self.buffer.dropFirst())
        self.state = .finished
        self.buffer = []
        return .accepted(peer, reply: [], rest: rest)
    }

    private mutating func readRefusal(at index: Int) -> OnBytes {
        guard self.buffer.count > index else { return .wait }
        let refusal = HandshakeRefusal(rawValue: self.buffer[index])
        self.state = .finished
        let reason =
            switch refusal {
            case .proof: "the other end does not accept this session's key"
            case .session: "the other end is another session's"
            case .role: "both ends want to play the same side of HTTP/2"
            case .version: "the other end speaks another version"
            case .garbage, nil: "the other end did not understand the handshake"
            }
        return .refuse(reply: [], TunnelError(code: .handshakeRefused, message: reason))
    }

    private mutating func refuse(_ refusal: HandshakeRefusal, _ message: String) -> OnBytes {
        self.state = .finished
        self.buffer = []
        let error = TunnelError(code: .handshakeRefused, message: message)
        // Strangers get no answer: what they sent was not the start of a handshake.
        let isAnswered = self.identity.position == .acceptor && refusal != .garbage
        return .refuse(reply: isAnswered ? self.header + [2, refusal.rawValue] : [], error)
    }

    private mutating func refuseVersion(of header: HandshakeHeader) -> OnBytes {
        self.state = .finished
        self.buffer = []
        let error = TunnelError.versionMismatch(
            position: self.identity.position,
            local: HandshakeHeader(version: self.version, software: self.identity.software),
            remote: header
        )
        let reply = self.identity.position == .acceptor ? self.header + [2, HandshakeRefusal.version.rawValue] : []
        return .refuse(reply: reply, error)
    }

    private var header: [UInt8] {
        HandshakeHeader(version: self.version, software: self.identity.software).bytes
    }

    private static func proof(of position: Position, _ agreement: Agreement) -> [UInt8] {
        var authentication = HMAC<SHA256>(key: agreement.secret)
        authentication.update(data: Array("kubectl-tunnel".utf8) + [position.rawValue])
        authentication.update(data: agreement.transcript)
        return Array(authentication.finalize())
    }
}

extension TunnelError {
    /// The versions differ; the message says which side to update.
    static func versionMismatch(
        position: HandshakeStateMachine.Position,
        local: HandshakeHeader,
        remote: HandshakeHeader
    ) -> TunnelError {
        // The laptop always dials, in every mode: kubectl forwards no other way.
        let (plugin, proxy) = position == .connector ? (local, remote) : (remote, local)
        let older = plugin.version < proxy.version ? "plugin" : "proxy"
        let message =
            "the proxy in the cluster speaks version \(proxy.version), this plugin version \(plugin.version): "
            + "update the \(older)"
        return TunnelError(code: .versionMismatch(local: local.version, remote: remote.version), message: message)
    }
}

extension [UInt8] {
    /// Whether the bytes are equal, in a time that depends on their number only.
    func isEqualInConstantTime(to other: [UInt8]) -> Bool {
        guard self.count == other.count else { return false }
        var difference: UInt8 = 0
        for index in self.indices {
            difference |= self[index] ^ other[index]
        }
        return difference == 0
    }
}
