import FaultBench
import Testing

@testable import Tunnel

@Suite("Handshake")
struct HandshakeTests {
    static let secret = TunnelSecret.random()

    static func machine(
        _ position: HandshakeStateMachine.Position,
        role: HTTP2Role? = nil,
        session: String = "s1",
        secret: TunnelSecret = HandshakeTests.secret,
        version: UInt8 = 1
    ) -> HandshakeStateMachine {
        HandshakeStateMachine(
            position: position,
            role: role ?? (position == .acceptor ? .client : .server),
            identity: TunnelIdentity(session: session, secret: secret, software: "0.1.0"),
            nonce: .random(byteCount: 32),
            version: version
        )
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
        var connector = HandshakeTests.machine(.connector)
        var acceptor = HandshakeTests.machine(.acceptor)
        let outcome = HandshakeTests.run(&connector, &acceptor, chunk: chunk)
        #expect(outcome.connector == .accepted(reply: [], rest: []))
        #expect(outcome.acceptor == .accepted(reply: [1], rest: []))
        #expect(acceptor.received([1, 2, 3]) == .wait)
    }

    @Test("the side of HTTP/2 is independent of who dialled")
    func gatewayRoles() {
        var connector = HandshakeTests.machine(.connector, role: .client)
        var acceptor = HandshakeTests.machine(.acceptor, role: .server)
        let outcome = HandshakeTests.run(&connector, &acceptor)
        #expect(outcome.connector == .accepted(reply: [], rest: []))
        #expect(outcome.acceptor == .accepted(reply: [1], rest: []))
    }

    @Test("both ends refuse when they want the same side of HTTP/2")
    func sameRole() {
        var connector = HandshakeTests.machine(.connector, role: .client)
        var acceptor = HandshakeTests.machine(.acceptor, role: .client)
        let outcome = HandshakeTests.run(&connector, &acceptor)
        #expect(outcome.connector?.error?.message == "both ends want to play the same side of HTTP/2")
        #expect(outcome.acceptor?.error?.code == .handshakeRefused)
    }

    @Test("another secret or another session is refused by the connector", arguments: [true, false])
    func wrongSecret(isSecret: Bool) {
        var connector = HandshakeTests.machine(.connector)
        var acceptor = HandshakeTests.machine(
            .acceptor,
            session: isSecret ? "s1" : "s2",
            secret: isSecret ? .random() : HandshakeTests.secret
        )
        let outcome = HandshakeTests.run(&connector, &acceptor)
        #expect(outcome.connector?.error?.code == .handshakeRefused)
        #expect(outcome.acceptor == nil)
    }

    @Test("a connector with the wrong proof is told so")
    func wrongProof() {
        var acceptor = HandshakeTests.machine(.acceptor)
        let connector = HandshakeTests.machine(.connector)
        #expect(acceptor.received(connector.opening).reply.count > 64)
        let order = acceptor.received([UInt8](repeating: 0, count: 32))
        #expect(order.reply == [2, 2])
        #expect(order.error?.message == "the peer does not know this session's secret")
    }

    @Test("the acceptor's own proof is no proof of the connector")
    func reflectedProof() {
        var acceptor = HandshakeTests.machine(.acceptor)
        let challenge = acceptor.received(HandshakeTests.machine(.connector).opening).reply
        #expect(acceptor.received(challenge.suffix(32)).error?.code == .handshakeRefused)
    }

    @Test("an acceptor's answer to one handshake is no answer to another")
    func replayedChallenge() {
        var acceptor = HandshakeTests.machine(.acceptor)
        let challenge = acceptor.received(HandshakeTests.machine(.connector).opening).reply
        var another = HandshakeTests.machine(.connector)
        #expect(another.received(challenge).error?.code == .handshakeRefused)
    }

    @Test("another version is refused by both, naming the side that is older", arguments: [(1, 2), (2, 1)])
    func versions(plugin: UInt8, proxy: UInt8) {
        var connector = HandshakeTests.machine(.connector, version: plugin)
        var acceptor = HandshakeTests.machine(.acceptor, version: proxy)
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
        var acceptor = HandshakeTests.machine(.acceptor)
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
            var machine = HandshakeTests.machine(round.isMultiple(of: 2) ? .acceptor : .connector)
            let other = HandshakeTests.machine(.connector)
            var good: [UInt8] = other.opening
            if round.isMultiple(of: 2) == false {
                var acceptor = HandshakeTests.machine(.acceptor)
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

    @Test("secrets are read from hexadecimal digits and never printed")
    func secrets() {
        let secret = TunnelSecret.random()
        #expect(TunnelSecret(hex: secret.hex) == secret)
        #expect(TunnelSecret(hex: secret.hex.uppercased()) == secret)
        for wrong in ["", "00", String(repeating: "g", count: 64), secret.hex + "00", String(secret.hex.dropLast())] {
            #expect(TunnelSecret(hex: wrong) == nil)
        }
        #expect(!"\(secret)".contains(secret.hex.prefix(8)))
    }
}

extension HandshakeStateMachine.OnBytes {
    var reply: [UInt8] {
        switch self {
        case .wait: []
        case .send(let bytes), .accepted(let bytes, _), .refuse(let bytes, _): bytes
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
