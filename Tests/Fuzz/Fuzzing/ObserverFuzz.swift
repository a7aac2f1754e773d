import NIOCore

@testable import Tunnel

/// What passes on a connection: `c` and the caller's bytes, `s` and the server's, `e` and an end, each up to a record separator.
enum ObserverFuzz {
    private static let separator: UInt8 = 0x1E
    private static let ends: [ObservedRequest.End] = [.closed, .reset, .gone]

    static func run(_ bytes: [UInt8]) throws(FuzzFailure) {
        let steps = bytes.split(separator: Self.separator).filter { $0.count > 1 }
        let once = try Self.seen(steps) { [$0] }
        let cut = try Self.seen(steps) { whole in
            var cuts = FuzzScript(Array(whole))
            return cuts.cut(Array(whole)).map { $0[...] }
        }
        try FuzzFailure.expect(once == cut, "a split of the bytes changed what is seen: \(once), \(cut)")
    }

    private static func seen(
        _ steps: [ArraySlice<UInt8>], _ cut: (ArraySlice<UInt8>) -> [ArraySlice<UInt8>]
    ) throws(FuzzFailure) -> [ObservedEvent] {
        var observer = ConnectionObserver(keepsContent: true)
        var (events, passed) = ([ObservedEvent](), 0)
        for step in steps {
            let rest = step.dropFirst()
            switch step.first {
            case UInt8(ascii: "c"):
                for piece in cut(rest) { events += observer.callerSent(ByteBuffer(bytes: piece), at: .zero) }
            case UInt8(ascii: "s"):
                for piece in cut(rest) { events += observer.serverSent(ByteBuffer(bytes: piece), at: .zero) }
            case UInt8(ascii: "e"):
                events += observer.ended(Self.ends[Int(rest.first ?? 0) % Self.ends.count], at: .zero)
            default: continue
            }
            passed += rest.count
            try FuzzFailure.expect(observer.keptByteCount <= passed, "more is kept than has passed")
        }
        for case .request(let request) in events {
            let isPrintable = (request.method + request.target).utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
            try FuzzFailure.expect(isPrintable, "\(request.method) \(request.target) is not printable")
        }
        return events
    }
}
