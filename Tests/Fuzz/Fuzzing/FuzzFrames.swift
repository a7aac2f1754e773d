@testable import Tunnel

/// HTTP/2 frames (RFC 9113 §4.1), made by hand so that they may be wrong.
enum FuzzFrames {
    /// Length, type, flags, stream, payload. Streams are few, so that scripts meet them again.
    private static func frame(_ type: UInt8, flags: UInt8, stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let count = payload.count
        let length = [UInt8(count >> 16 & 0xff), UInt8(count >> 8 & 0xff), UInt8(count & 0xff)]
        return length + [type, flags, 0, 0, 0, stream] + payload
    }

    private static func four(_ value: UInt32) -> [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 0xff), UInt8(value >> 8 & 0xff), UInt8(value & 0xff)]
    }

    /// What an honest peer begins with: the client's preface, and empty SETTINGS with their acknowledgement.
    static func opening(from role: HTTP2Role) -> [UInt8] {
        let preface = role == .client ? Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) : []
        return preface + Self.frame(4, flags: 0, stream: 0, []) + Self.frame(4, flags: 1, stream: 0, [])
    }

    static func pingAcknowledgement(_ id: UInt64) -> [UInt8] {
        Self.frame(6, flags: 1, stream: 0, Self.four(UInt32(id >> 32)) + Self.four(UInt32(truncatingIfNeeded: id)))
    }

    /// Headers as literals without indexing (RFC 7541 §6.2.2).
    private static func literals(_ headers: [(String, String)]) -> [UInt8] {
        headers.flatMap { name, value -> [UInt8] in
            let (name, value) = (Array(name.utf8.prefix(126)), Array(value.utf8.prefix(126)))
            return [0, UInt8(name.count)] + name + [UInt8(value.count)] + value
        }
    }

    static func headers(_ script: inout FuzzScript, isRequest: Bool) -> [UInt8] {
        let stream = script.byte() % 16
        let flags = script.byte() % 3 == 0 ? script.byte() : 4
        let block: [UInt8]
        switch (script.byte() % 6, isRequest) {
        case (0, _): block = script.piece(Int(script.byte()))
        case (1, true):
            block = Self.literals([
                (":method", "POST"), (":scheme", "http"), (":authority", "control"), (":path", "/control"),
            ])
        case (1, false): block = Self.literals([(":status", "404"), ("kt-reason", "no")])
        case (2, _):
            block = Self.literals([(String(decoding: script.piece(8), as: UTF8.self), "x"), (":status", "200")])
        case (_, true): block = Self.literals([(":method", "CONNECT"), (":authority", "web:80")])
        case (_, false): block = Self.literals([(":status", "200")])
        }
        return Self.frame(1, flags: flags, stream: stream, block)
    }

    static func data(_ script: inout FuzzScript) -> [UInt8] {
        let stream = script.byte() % 16
        let flags: UInt8 = script.byte() % 4 == 0 ? 1 : 0
        return Self.frame(0, flags: flags, stream: stream, [UInt8](repeating: 0x0a, count: script.short() % 16_385))
    }

    static func reset(_ script: inout FuzzScript) -> [UInt8] {
        Self.frame(3, flags: 0, stream: script.byte() % 16, Self.four(UInt32(script.byte())))
    }

    static func windowUpdate(_ script: inout FuzzScript) -> [UInt8] {
        Self.frame(8, flags: 0, stream: script.byte() % 16, Self.four(script.long()))
    }

    static func settings(_ script: inout FuzzScript) -> [UInt8] {
        var payload: [UInt8] = []
        for _ in 0..<(script.byte() % 4) { payload += [0, script.byte() % 10] + Self.four(script.long()) }
        return Self.frame(4, flags: script.byte() % 4 == 0 ? 1 : 0, stream: 0, payload)
    }

    static func goAway(_ script: inout FuzzScript) -> [UInt8] {
        Self.frame(7, flags: 0, stream: 0, Self.four(script.long()) + Self.four(UInt32(script.byte())))
    }

    /// A frame of any type whose length may be a lie.
    static func any(_ script: inout FuzzScript) -> [UInt8] {
        let payload = script.piece(Int(script.byte()))
        var bytes = Self.frame(script.byte(), flags: script.byte(), stream: script.byte() % 16, payload)
        if script.byte() % 4 == 0 { bytes[2] = script.byte() }
        return bytes
    }
}
