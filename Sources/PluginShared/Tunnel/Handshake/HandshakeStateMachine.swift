import Crypto
import NIOCore

/// The mutual proof of the session's secret, before the first byte of HTTP/2.
///
///     connector → acceptor   header, role (1), nonce (32)
///     acceptor → connector   header, 1, nonce (32), proof (32)      or   header, 2, refusal (1)
///     connector → acceptor   proof (32)
///     acceptor → connector   1                                      or   2, refusal (1)
///
/// A proof is HMAC-SHA256, under the secret, of the prover's position, the session and everything sent in the first two
/// messages. The position keeps one side's proof from being played back to it, the nonces keep old proofs from being
/// used again. A value: bytes in at any split, orders out; no input can trap.
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
        case accepted(reply: [UInt8], rest: [UInt8])
        /// Send these bytes and end the connection.
        case refuse(reply: [UInt8], TunnelError)
    }

    private enum State {
        /// Acceptor: waits for the first message. Next: `awaitingProof` or `finished`.
        case awaitingHello
        /// Connector: waits for the second message. Next: `awaitingVerdict` or `finished`.
        case awaitingChallenge(hello: [UInt8])
        /// Acceptor: waits for the third message. Next: `finished`.
        case awaitingProof(transcript: [UInt8])
        /// Connector: waits for the fourth message. Next: `finished`.
        case awaitingVerdict
        /// Accepted or refused; every further byte is ignored.
        case finished
    }

    private let identity: TunnelIdentity
    private let version: UInt8
    private let role: HTTP2Role
    private let nonce: [UInt8]
    private let position: Position
    private var state: State
    private var buffer: [UInt8] = []
    private var receivedByteCount = 0

    /// Makes one end's machine.
    ///
    /// - Parameters:
    ///   - position: Which end of the TCP connection this is.
    ///   - role: The side of HTTP/2 this end will play; the peer must want the other.
    ///   - identity: The session and its secret.
    ///   - nonce: `nonceByteCount` random bytes, never used before.
    ///   - version: Another protocol version than this build's, for tests.
    init(
        position: Position,
        role: HTTP2Role,
        identity: TunnelIdentity,
        nonce: [UInt8],
        version: UInt8 = TunnelProtocolVersion.current
    ) {
        self.position = position
        self.role = role
        self.identity = identity
        self.nonce = nonce
        self.version = version
        self.state = .awaitingHello
        if position == .connector {
            self.state = .awaitingChallenge(hello: self.header + [role.rawValue] + nonce)
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
        switch self.state {
        case .awaitingHello: return self.readHello()
        case .awaitingChallenge(let hello): return self.readChallenge(hello: hello)
        case .awaitingProof(let transcript): return self.readProof(transcript: transcript)
        case .awaitingVerdict: return self.readVerdict()
        case .finished: return .wait
        }
    }

    private mutating func readHello() -> OnBytes {
        switch HandshakeHeader.read(self.buffer[...]) {
        case .incomplete: return .wait
        case .malformed: return self.refuse(.garbage, "the peer does not speak the tunnel's protocol")
        case .header(let header, let byteCount):
            guard header.version == self.version else { return self.refuseVersion(of: header) }
            let total = byteCount + 1 + HandshakeStateMachine.nonceByteCount
            guard self.buffer.count >= total else { return .wait }
            guard let peerRole = HTTP2Role(rawValue: self.buffer[byteCount]) else {
                return self.refuse(.garbage, "the peer asks for an unknown side of HTTP/2")
            }
            guard peerRole == self.role.opposite else {
                return self.refuse(.role, "both ends want to play the same side of HTTP/2")
            }
            let reply = self.header + [1] + self.nonce
            let transcript = Array(self.buffer.prefix(total)) + reply
            self.buffer.removeFirst(total)
            self.state = .awaitingProof(transcript: transcript)
            return .send(reply + self.proof(of: .acceptor, transcript: transcript))
        }
    }

    private mutating func readChallenge(hello: [UInt8]) -> OnBytes {
        switch HandshakeHeader.read(self.buffer[...]) {
        case .incomplete: return .wait
        case .malformed: return self.refuse(.garbage, "the other end of the connection is not a tunnel")
        case .header(let header, let byteCount):
            guard header.version == self.version else { return self.refuseVersion(of: header) }
            guard self.buffer.count > byteCount else { return .wait }
            guard self.buffer[byteCount] == 1 else { return self.readRefusal(at: byteCount + 1) }
            let challengeCount = byteCount + 1 + HandshakeStateMachine.nonceByteCount
            let total = challengeCount + HandshakeStateMachine.proofByteCount
            guard self.buffer.count >= total else { return .wait }
            let transcript = hello + self.buffer.prefix(challengeCount)
            let proof = Array(self.buffer[challengeCount..<total])
            guard self.proof(of: .acceptor, transcript: transcript).isEqualInConstantTime(to: proof) else {
                return self.refuse(.proof, "the other end could not prove that it belongs to this session")
            }
            self.buffer.removeFirst(total)
            self.state = .awaitingVerdict
            return .send(self.proof(of: .connector, transcript: transcript))
        }
    }

    private mutating func readProof(transcript: [UInt8]) -> OnBytes {
        guard self.buffer.count >= HandshakeStateMachine.proofByteCount else { return .wait }
        let proof = Array(self.buffer.prefix(HandshakeStateMachine.proofByteCount))
        guard self.proof(of: .connector, transcript: transcript).isEqualInConstantTime(to: proof) else {
            self.state = .finished
            let error = TunnelError(code: .handshakeRefused, message: "the peer does not know this session's secret")
            return .refuse(reply: [2, HandshakeRefusal.proof.rawValue], error)
        }
        let rest = Array(self.buffer.dropFirst(HandshakeStateMachine.proofByteCount))
        self.state = .finished
        self.buffer = []
        return .accepted(reply: [1], rest: rest)
    }

    private mutating func readVerdict() -> OnBytes {
        guard let verdict = self.buffer.first else { return .wait }
        guard verdict == 1 else { return self.readRefusal(at: 1) }
        let rest = Array(self.buffer.dropFirst())
        self.state = .finished
        self.buffer = []
        return .accepted(reply: [], rest: rest)
    }

    private mutating func readRefusal(at index: Int) -> OnBytes {
        guard self.buffer.count > index else { return .wait }
        let refusal = HandshakeRefusal(rawValue: self.buffer[index])
        self.state = .finished
        let reason =
            switch refusal {
            case .proof: "the other end does not accept this session's secret"
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
        let isAnswered = self.position == .acceptor && refusal != .garbage
        return .refuse(reply: isAnswered ? self.header + [2, refusal.rawValue] : [], error)
    }

    private mutating func refuseVersion(of header: HandshakeHeader) -> OnBytes {
        self.state = .finished
        self.buffer = []
        let error = TunnelError.versionMismatch(
            position: self.position,
            local: HandshakeHeader(version: self.version, software: self.identity.software),
            remote: header
        )
        let reply = self.position == .acceptor ? self.header + [2, HandshakeRefusal.version.rawValue] : []
        return .refuse(reply: reply, error)
    }

    private var header: [UInt8] {
        HandshakeHeader(version: self.version, software: self.identity.software).bytes
    }

    private func proof(of position: Position, transcript: [UInt8]) -> [UInt8] {
        let session = Array(self.identity.session.utf8)
        var authentication = HMAC<SHA256>(key: SymmetricKey(data: self.identity.secret.bytes))
        authentication.update(data: Array("kubectl-tunnel".utf8) + [position.rawValue])
        // The length keeps a session's end from being taken for the transcript's start.
        let count = UInt32(truncatingIfNeeded: session.count)
        authentication.update(data: (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) })
        authentication.update(data: session)
        authentication.update(data: transcript)
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
