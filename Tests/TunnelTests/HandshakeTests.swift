import FaultBench
import Testing

@testable import Tunnel

@Suite("Handshake")
struct HandshakeTests {
    static let key = TunnelKey()
    static let pod = HandshakeTests.pod(of: ["s1": HandshakeTests.key.publicKey])

    static func pod(of sessions: [String: TunnelPublicKey]) -> PodIdentity {
        var identity = PodIdentity(software: "0.1.0")
        identity.take(sessions)
        return identity
    }

    static func laptop(
        role: HTTP2Role = .server, session: String = "s1", key: TunnelKey = HandshakeTests.key, version: UInt8 = 2
    ) -> HandshakeStateMachine {
        let identity = LaptopIdentity(session: session, key: key, software: "0.1.0")
        return HandshakeStateMachine(.laptop(identity), role: role, nonce: .random(byteCount: 32), version: version)
    }

    static func pod(
        role: HTTP2Role = .client, identity: PodIdentity = HandshakeTests.pod, version: UInt8 = 2
    ) -> HandshakeStateMachine {
        HandshakeStateMachine(.pod(identity), role: role, nonce: .random(byteCount: 32), version: version)
    }

    /// How both ends came out, as each of them sees it.
    struct Outcome {
        var connector: HandshakeStateMachine.OnBytes?
        var acceptor: HandshakeStateMachine.OnBytes?
    }

    /// Lets two machines talk, with chunks of so many bytes, until neither has anything to say.
    static func run(
        _ connector: inout HandshakeStateMachine,
        _ acceptor: inout HandshakeStateMachine,
        chunk: Int = 1000
    ) -> Outcome {
        var outcome = Outcome()
        var toAcceptor = connector.opening
        var toConnector: [UInt8] = []
        while !toAcceptor.isEmpty || !toConnector.isEmpty {
            let forAcceptor = toAcceptor.prefix(chunk)
            toAcceptor.removeFirst(forAcceptor.count)
            if !forAcceptor.isEmpty {
                let order = acceptor.received(forAcceptor)
                toConnector += order.reply
                if order.isFinal { outcome.acceptor = order }
            }
            let forConnector = toConnector.prefix(chunk)
            toConnector.removeFirst(forConnector.count)
            if !forConnector.isEmpty {
                let order = connector.received(forConnector)
                toAcceptor += order.reply
                if order.isFinal { outcome.connector = order }
            }
        }
        return outcome
    }

    @Test("both ends accept each other at any split of the bytes", arguments: [1, 2, 3, 7, 31, 1000])
    func accepts(chunk: Int) {
        var connector = HandshakeTests.laptop()
        var acceptor = HandshakeTests.pod()
        let outcome = HandshakeTests.run(&connector, &acceptor, chunk: chunk)
        #expect(outcome.connector == .accepted(.pod(HandshakeTests.pod.publicKey), reply: [], rest: []))
        #expect(outcome.acceptor == .accepted(.laptop(session: "s1"), reply: [1], rest: []))
        #expect(acceptor.received([1, 2, 3]) == .wait)
    }

    @Test("the side of HTTP/2 is independent of who dialled")
    func gatewayRoles() {
        var connector = HandshakeTests.laptop(role: .client)
        var acceptor = HandshakeTests.pod(role: .server)
        let outcome = HandshakeTests.run(&connector, &acceptor)
        #expect(outcome.connector == .accepted(.pod(HandshakeTests.pod.publicKey), reply: [], rest: []))
        #expect(outcome.acceptor == .accepted(.laptop(session: "s1"), reply: [1], rest: []))
    }

    @Test("both ends refuse when they want the same side of HTTP/2")
    func sameRole() {
        var connector = HandshakeTests.laptop(role: .client)
        var acceptor = HandshakeTests.pod(role: .client)
        let outcome = HandshakeTests.run(&connector, &acceptor)
        #expect(outcome.connector?.error?.message == "both ends want to play the same side of HTTP/2")
        #expect(outcome.acceptor?.error?.code == .handshakeRefused)
    }

    @Test("a pod that has another key for the session cannot prove itself, and gets no proof")
    func wrongKey() {
        var connector = HandshakeTests.laptop()
        var acceptor = HandshakeTests.pod(
            identity: HandshakeTests.pod(of: ["s1": TunnelKey().publicKey]))
        let outcome = HandshakeTests.run(&connector, &acceptor)
        #expect(outcome.connector?.error?.message == "the other end could not prove that it belongs to this session")
        #expect(outcome.acceptor == nil)
    }

    @Test("another session's laptop is told so by the pod, before any proof", arguments: ["s2", "", "s1 "])
    func wrongSession(session: String) {
        var connector = HandshakeTests.laptop(session: session)
        var acceptor = HandshakeTests.pod()
        let outcome = HandshakeTests.run(&connector, &acceptor)
        #expect(outcome.connector?.error?.message == "the other end is another session's")
        #expect(outcome.acceptor?.error?.message == "the peer names another session")
        #expect(outcome.acceptor?.reply.count == HandshakeTests.pod().headerCount + 2)
    }

    @Test("a key of small order is none, on either end")
    func smallOrder() {
        let zero = TunnelPublicKey(hex: String(repeating: "0", count: 64))!
        #expect(HandshakeTests.pod(of: ["s1": zero]).secret(for: "s1") == nil)
        var connector = HandshakeTests.laptop()
        var acceptor = HandshakeTests.pod()
        var challenge = acceptor.received(connector.opening).reply
        let key = HandshakeTests.pod().headerCount + 1
        challenge.replaceSubrange(key..<key + 32, with: zero.bytes)
        #expect(connector.received(challenge).error?.message == "the other end's key is none")
    }

    @Test("a pod takes the sessions that it was told, each with the first key that it came with")
    func sessions() {
        var identity = HandshakeTests.pod(of: ["s1": HandshakeTests.key.publicKey])
        let first = identity.secret(for: "s1")
        identity.take(["s1": TunnelKey().publicKey, "s2": TunnelKey().publicKey])
        #expect(identity.secret(for: "s1") == first)
        #expect(identity.secret(for: "s2") != nil)
        identity.take(["s2": TunnelKey().publicKey])
        #expect(identity.secret(for: "s1") == nil)
    }

    @Test("a pod's own proof cannot be had with its public key alone: another one in the middle is not believed")
    func middle() {
        var connector = HandshakeTests.laptop()
        var acceptor = HandshakeTests.pod()
        var challenge = acceptor.received(connector.opening).reply
        let key = HandshakeTests.pod().headerCount + 1
        challenge.replaceSubrange(key..<key + 32, with: TunnelKey().publicKey.bytes)
        #expect(connector.received(challenge).error?.code == .handshakeRefused)
    }

    @Test("a connector with the wrong proof is told so")
    func wrongProof() {
        var acceptor = HandshakeTests.pod()
        let connector = HandshakeTests.laptop()
        #expect(acceptor.received(connector.opening).reply.count > 64)
        let order = acceptor.received([UInt8](repeating: 0, count: 32))
        #expect(order.reply == [2, 2])
        #expect(order.error?.message == "the peer does not have this session's key")
    }

    @Test("the acceptor's own proof is no proof of the connector")
    func reflectedProof() {
        var acceptor = HandshakeTests.pod()
        let challenge = acceptor.received(HandshakeTests.laptop().opening).reply
        #expect(acceptor.received(challenge.suffix(32)).error?.code == .handshakeRefused)
    }

    @Test("an acceptor's answer to one handshake is no answer to another")
    func replayedChallenge() {
        var acceptor = HandshakeTests.pod()
        let challenge = acceptor.received(HandshakeTests.laptop().opening).reply
        var another = HandshakeTests.laptop()
        #expect(another.received(challenge).error?.code == .handshakeRefused)
    }

    @Test("another version is refused by both, naming the side that is older", arguments: [(1, 2), (3, 2)])
    func versions(plugin: UInt8, proxy: UInt8) {
        var connector = HandshakeTests.laptop(version: plugin)
        var acceptor = HandshakeTests.pod(version: proxy)
        let outcome = HandshakeTests.run(&connector, &acceptor)
        let older = plugin < proxy ? "plugin" : "proxy"
        let message =
            "the proxy in the cluster speaks version \(proxy), this plugin version \(plugin): update the \(older)"
        #expect(
            outcome.connector?.error
                == TunnelError(code: .versionMismatch(local: plugin, remote: proxy), message: message)
        )
        #expect(outcome.acceptor?.error?.code == .versionMismatch(local: proxy, remote: plugin))
    }

    @Test("strangers get no answer", arguments: ["GET / HTTP/1.1\r\n\r\n", "\u{16}\u{3}\u{1}", "\n"])
    func strangers(text: String) {
        var acceptor = HandshakeTests.pod()
        let order = acceptor.received(Array(text.utf8))
        #expect(order.reply.isEmpty)
        #expect(order.error?.code == .handshakeRefused)
        #expect(acceptor.received(Array(text.utf8)) == .wait)
    }

    @Test("no more than 1 KiB is taken, and no random input is accepted or traps")
    func fuzz() {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        for round in 0..<2000 {
            var machine = round.isMultiple(of: 2) ? HandshakeTests.pod() : HandshakeTests.laptop()
            let other = HandshakeTests.laptop()
            var good: [UInt8] = other.opening
            if round.isMultiple(of: 2) == false {
                var acceptor = HandshakeTests.pod()
                good = acceptor.received(machine.opening).reply
            }
            // Right up to some byte, then noise.
            // A connector that has seen the whole proof rightly believes the next byte, so it never gets all of it.
            let most = round.isMultiple(of: 2) ? good.count : good.count - 1
            let keep = Int.random(in: 0...most, using: &generator)
            var input = Array(good.prefix(keep))
            input += (0..<Int.random(in: 0...1200, using: &generator)).map { _ in
                UInt8.random(in: .min ... .max, using: &generator)
            }
            var position = 0
            while position < input.count {
                let count = min(input.count - position, Int.random(in: 1...97, using: &generator))
                let order = machine.received(input[position..<position + count])
                if case .accepted = order { Issue.record("accepted noise; seed \(seed), round \(round)") }
                position += count
            }
            if keep < good.count, input.count > HandshakeStateMachine.maximumByteCount {
                #expect(machine.received([0]) == .wait, "seed \(seed), round \(round)")
            }
        }
    }

    @Test("public keys are read from hexadecimal digits, and private ones never printed")
    func keys() {
        let key = TunnelKey().publicKey
        #expect(TunnelPublicKey(hex: key.hex) == key)
        #expect(TunnelPublicKey(hex: key.hex.uppercased()) == key)
        for wrong in ["", "00", String(repeating: "g", count: 64), key.hex + "00", String(key.hex.dropLast())] {
            #expect(TunnelPublicKey(hex: wrong) == nil)
        }
        #expect("\(TunnelKey())" == "TunnelKey(…)")
    }

    @Test("two keys give the same on both ends, and to nobody else")
    func agreement() throws {
        let (one, other) = (TunnelKey(), TunnelKey())
        let (session, proxy) = (one.publicKey, other.publicKey)
        let secret = try #require(one.secret(with: proxy, session: session, proxy: proxy))
        #expect(other.secret(with: session, session: session, proxy: proxy) == secret)
        #expect(other.secret(with: session, session: proxy, proxy: session) != secret)
        #expect(TunnelKey().secret(with: proxy, session: session, proxy: proxy) != secret)
    }
}

extension HandshakeStateMachine {
    /// The bytes of its header.
    fileprivate var headerCount: Int { HandshakeHeader(version: 2, software: "0.1.0").bytes.count }
}

extension HandshakeStateMachine.OnBytes {
    var reply: [UInt8] {
        switch self {
        case .wait: []
        case .send(let bytes), .accepted(_, let bytes, _), .refuse(let bytes, _): bytes
        }
    }

    var error: TunnelError? {
        if case .refuse(_, let error) = self { error } else { nil }
    }

    var isFinal: Bool {
        switch self {
        case .wait, .send: false
        case .accepted, .refuse: true
        }
    }
}
