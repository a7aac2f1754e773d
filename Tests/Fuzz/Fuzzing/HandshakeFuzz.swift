import NIOCore
import NIOEmbedded

@testable import Tunnel

/// The handshake against a stranger, and between two honest ends with another client in the middle.
enum HandshakeFuzz {
    private static let laptop = LaptopIdentity(session: "s", key: TunnelKey(), software: "0.1.0")
    private static let pod = {
        var identity = PodIdentity(software: "0.1.0")
        identity.take(["s": Self.laptop.key.publicKey])
        return identity
    }()

    private static func machine(_ position: HandshakeStateMachine.Position) -> HandshakeStateMachine {
        HandshakeStateMachine(
            position == .acceptor ? .pod(Self.pod) : .laptop(Self.laptop),
            role: position == .acceptor ? .client : .server,
            nonce: [UInt8](repeating: position.rawValue, count: HandshakeStateMachine.nonceByteCount))
    }

    static func run(_ bytes: [UInt8]) throws(FuzzFailure) {
        var script = FuzzScript(bytes)
        if script.byte() % 2 == 0 {
            let position: HandshakeStateMachine.Position = script.byte() % 2 == 0 ? .acceptor : .connector
            try Self.stranger(position, &script)
        } else {
            try Self.middle(&script)
        }
    }

    /// Whoever does not have the key is never accepted, and gets no more than a kilobyte read.
    private static func stranger(
        _ position: HandshakeStateMachine.Position, _ script: inout FuzzScript
    ) throws(FuzzFailure) {
        let outcome = Outcome()
        let handshake = HandshakeHandler(machine: Self.machine(position), limit: .seconds(5)) { outcome.take($0) }
        let channel = EmbeddedChannel()
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        try? channel.pipeline.syncOperations.addHandlers([LingerHandler(), handshake])
        try? channel.connect(to: SocketAddress(unixDomainSocketPath: "/fuzz")).wait()
        var count = 0
        while !script.isOver {
            let piece = script.piece(Int(script.byte()) + 1)
            count += piece.count
            _ = try? channel.writeInbound(ByteBuffer(bytes: piece))
        }
        try FuzzFailure.expect(!outcome.isAccepted, "a stranger was accepted")
        try FuzzFailure.expect(outcome.count <= 1, "the handshake had \(outcome.count) outcomes")
        try FuzzFailure.expect(
            outcome.count == 1 || count <= HandshakeStateMachine.maximumByteCount, "\(count) bytes were taken")
    }

    /// An end accepts only if every byte up to the other's proof arrived as it was sent, at whatever split. The verdict
    /// behind it proves nothing: whoever can change it can change all that follows.
    private static func middle(_ script: inout FuzzScript) throws(FuzzFailure) {
        var ends = [Self.machine(.connector), Self.machine(.acceptor)]
        var queues: [[UInt8]] = [[], ends[0].opening]
        var isChanged = [false, false]
        var isAccepted = [false, false]
        var isMeddledWith = false
        var challenge: (sent: Int, received: Int) = (0, 0)
        while let receiver = queues.firstIndex(where: { !$0.isEmpty }) {
            let order = script.byte()
            var piece = Array(queues[receiver].prefix(order == 0 ? 4096 : Int(order & 0x3f) + 1))
            queues[receiver].removeFirst(piece.count)
            if order & 0x80 != 0 {
                let mask = script.byte()
                let position = Int(script.byte()) % piece.count
                piece[position] ^= mask
                let isVerdict = receiver == 0 && challenge.received + position >= challenge.sent
                if mask != 0, !isVerdict { isChanged[receiver] = true }
                isMeddledWith = isMeddledWith || mask != 0
            }
            if receiver == 0 { challenge.received += piece.count }
            switch ends[receiver].received(piece) {
            case .wait: break
            case .send(let reply), .refuse(let reply, _):
                if receiver == 1, challenge.sent == 0 { challenge.sent = reply.count }
                queues[1 - receiver] += reply
            case .accepted(_, let reply, let rest):
                isAccepted[receiver] = true
                queues[1 - receiver] += reply
                try FuzzFailure.expect(rest.isEmpty, "nothing was sent after the handshake, and \(rest) came")
            }
        }
        for end in 0..<2 {
            try FuzzFailure.expect(!isAccepted[end] || !isChanged[end], "end \(end) accepted what was changed")
        }
        try FuzzFailure.expect(
            isMeddledWith || isAccepted == [true, true], "honest ends did not accept each other")
    }

    private final class Outcome {
        private(set) var count = 0
        private(set) var isAccepted = false

        func take(_ outcome: HandshakeHandler.Outcome) {
            self.count += 1
            if case .accepted = outcome { self.isAccepted = true }
        }
    }
}
