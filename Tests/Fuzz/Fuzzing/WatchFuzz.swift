@testable import Kubernetes

/// A watch: bytes to lines, lines to events.
enum WatchFuzz {
    static func run(_ bytes: [UInt8]) throws(FuzzFailure) {
        var script = FuzzScript(bytes)
        let cuts = script.piece(Int(script.byte() % 16))
        let whole = script.rest()
        var once = LineSplitter()
        let lines = once.append(whole)
        var cut = LineSplitter()
        var knife = FuzzScript(cuts)
        let pieces = knife.cut(whole).flatMap { cut.append($0) }
        try FuzzFailure.expect(lines == pieces, "a split of the bytes changed the lines")
        for line in lines {
            _ = try? WatchEvent<Lease>(line: line)
            _ = try? WatchEvent<Service>(line: line)
            _ = try? WatchEvent<Pod>(line: line)
        }
    }
}
