import NIOCore
import Session

@testable import Tunnel

/// The control stream's lines.
enum ControlFuzz {
    static func run(_ bytes: [UInt8]) throws(FuzzFailure) {
        var script = FuzzScript(bytes)
        let cuts = script.piece(Int(script.byte() % 16))
        let whole = script.rest()
        var once = ControlLines()
        let lines = once.received(ByteBuffer(bytes: whole))
        var cut = ControlLines()
        var knife = FuzzScript(cuts)
        let pieces = knife.cut(whole).flatMap { cut.received(ByteBuffer(bytes: $0)) }
        try FuzzFailure.expect(lines == pieces, "a split of the bytes changed the lines")
        for line in lines {
            if let control = ControlLine(line) {
                try FuzzFailure.expect(ControlLine(control.text) == control, "\(control) is not what it was read as")
            }
            guard let encoded = ControlLines.encode(line) else { continue }
            var reader = ControlLines()
            try FuzzFailure.expect(reader.received(encoded) == [line], "a line is not what was sent")
        }
    }
}
