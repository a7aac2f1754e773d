@testable import Requests

/// HTTP/1 of callers and of servers: heads and bodies, one after the other.
enum MessageFuzz {
    /// What a caller sends.
    static func requests(_ bytes: [UInt8]) throws(FuzzFailure) {
        _ = bytes.withUnsafeBytes { CallerProtocol.sniff($0) }
        try Self.compare(bytes) { RequestReading(RequestHeadReader()) }
    }

    /// What a server answers.
    static func answers(_ bytes: [UInt8]) throws(FuzzFailure) {
        var script = FuzzScript(bytes)
        let method = [MethodKind.ordinary, .head, .connect][Int(script.byte() % 3)]
        try Self.compare(script.rest()) { ResponseReading(ResponseHeadReader(answering: method)) }
    }

    /// A body in chunks.
    static func chunks(_ bytes: [UInt8]) throws(FuzzFailure) {
        var script = FuzzScript(bytes)
        var cuts = FuzzScript(script.piece(Int(script.byte() % 16)))
        let whole = script.rest()
        let once = Self.body([whole])
        try FuzzFailure.expect(Self.body(cuts.cut(whole)) == once, "a split of the bytes changed the body's end")
        guard case .end(let count) = once else { return }
        try FuzzFailure.expect(count <= whole.count, "\(count) bytes of \(whole.count)")
        try FuzzFailure.expect(Self.body([Array(whole.prefix(count))]) == once, "what is behind a body changed its end")
        try FuzzFailure.expect(Self.body([Array(whole.prefix(count - 1))]) == .all, "a body ends before its end")
    }

    /// What all pieces of a chunked body came to; an end is counted from the first piece's start.
    private static func body(_ pieces: [[UInt8]]) -> BodyReading {
        var reader = BodyReader(.chunked)
        var before = 0
        for piece in pieces {
            switch piece.withUnsafeBytes({ reader.read($0) }) {
            case .all: before += piece.count
            case .end(let count): return .end(byteCount: before + count)
            case .ambiguous(let ambiguity): return .ambiguous(ambiguity)
            }
        }
        return .all
    }

    /// Messages in one piece and in several.
    private static func compare(_ bytes: [UInt8], _ make: @escaping () -> some MessageReading) throws(FuzzFailure) {
        var script = FuzzScript(bytes)
        var cuts = FuzzScript(script.piece(Int(script.byte() % 16)))
        let whole = script.rest()
        var (once, cut) = (MessageWalk(make), MessageWalk(make))
        try once.received(whole)
        for piece in cuts.cut(whole) { try cut.received(piece) }
        try FuzzFailure.expect(once.log == cut.log, "a split of the bytes changed \(once.log) to \(cut.log)")
    }
}
