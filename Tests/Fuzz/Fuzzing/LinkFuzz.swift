import Logging
import NIOCore
import NIOEmbedded

@testable import Tunnel

/// A link whose peer has proved itself and then sends what it likes, while this end's connections live on.
///
/// The script mixes frames of the peer, well-formed and not, with what local sockets do and with the passing of time.
enum LinkFuzz {
    static func run(_ bytes: [UInt8], role: HTTP2Role) throws(FuzzFailure) {
        weak let link = try Self.link(after: bytes, role: role)
        // Every stream holds its link, so that none of them is left either.
        try FuzzFailure.expect(link == nil, "a link whose connection is gone is not freed")
    }

    /// A link whose life is over; nobody else holds it.
    private static func link(after bytes: [UInt8], role: HTTP2Role) throws(FuzzFailure) -> TunnelLink {
        var script = FuzzScript(bytes)
        let stage = LinkStage(role: role)
        // A third of the scripts send bytes of their own from the start, the others open like an honest peer.
        if script.byte() % 3 != 0 {
            stage.receive(FuzzFrames.opening(from: role.opposite))
            stage.receive(FuzzFrames.pingAcknowledgement(1))
        }
        var steps = 0
        while !script.isOver, steps < 200 {
            steps += 1
            Self.step(stage, &script)
            try stage.check()
        }
        stage.end()
        try stage.check()
        try FuzzFailure.expect(stage.link.isClosed, "a link whose connection is gone is not closed")
        return stage.link
    }

    private static func step(_ stage: LinkStage, _ script: inout FuzzScript) {
        switch script.byte() % 20 {
        case 0: stage.receive(script.piece(Int(script.byte())))
        case 1: stage.receive(FuzzFrames.headers(&script, isRequest: stage.link.role == .server))
        case 2: stage.receive(FuzzFrames.data(&script))
        case 3: stage.receive(FuzzFrames.reset(&script))
        case 4: stage.receive(FuzzFrames.windowUpdate(&script))
        case 5: stage.receive(FuzzFrames.settings(&script))
        case 6: stage.receive(FuzzFrames.pingAcknowledgement(UInt64(script.byte() % 8)))
        case 7: stage.receive(FuzzFrames.goAway(&script))
        case 8: stage.receive(FuzzFrames.any(&script))
        case 9, 10: stage.open()
        case 11: stage.localSends(Int(script.byte()), script.short() % 20_000)
        case 12: stage.localEnds(Int(script.byte()))
        case 13: stage.localFails(Int(script.byte()))
        case 14: stage.localStalls(Int(script.byte()), script.byte() % 2 == 0)
        case 15: stage.linkStalls(script.byte() % 2 == 0)
        case 16: stage.timePasses(seconds: Int64(script.byte() % 16))
        case 17: stage.link.send(control: String(decoding: script.piece(Int(script.byte())), as: UTF8.self))
        case 18: _ = stage.link.ping()
        default: if script.byte() % 8 == 0 { stage.peerEnds() }
        }
    }
}
