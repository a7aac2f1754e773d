import FoundationEssentials
import Session
import Tunnel

@testable import Kubernetes

/// The small texts that come from elsewhere.
enum TextFuzz {
    static func run(_ bytes: [UInt8]) throws(FuzzFailure) {
        let text = String(decoding: bytes, as: UTF8.self)
        if let holder = Holder(text) {
            try FuzzFailure.expect(Holder(holder.description) == holder, "\(holder) is not what it was read as")
        }
        if let session = SessionID(text) {
            try FuzzFailure.expect(
                session.description.utf8.count == SessionID.length, "\(session) would not fit into a label")
        }
        if let key = TunnelPublicKey(hex: text) {
            try FuzzFailure.expect(TunnelPublicKey(hex: key.hex) == key, "a key is not what it was read as")
        }
        if let configuration = ProxyConfiguration(json: text) {
            try FuzzFailure.expect(
                ProxyConfiguration(json: configuration.json) == configuration, "a configuration has changed")
            let ports = configuration.listeners.flatMap { [$0.listenPort, $0.servicePort] }
            try FuzzFailure.expect(
                (ports + [configuration.tunnelPort]).allSatisfy((1...65_535).contains),
                "a number that is no port would trap when it is used")
        }
        _ = PortRequest(text)
        _ = SessionNames(service: text)
        _ = NearNames.nearest(to: String(text.prefix(40)), among: ["web", "orders", ""])
        let version = ServerVersion(gitVersion: text, major: text, minor: text)
        _ = version.isAtLeast(minor: 21)
        try Self.times(text, bytes)
    }

    private static func times(_ text: String, _ bytes: [UInt8]) throws(FuzzFailure) {
        var script = FuzzScript(bytes)
        let pattern = UInt64(script.long()) << 32 | UInt64(script.long())
        let moments = [MicroTime.date(from: text), Date(timeIntervalSince1970: Double(bitPattern: pattern))]
        for moment in moments.compactMap({ $0 }) {
            let written = MicroTime.text(for: moment)
            try FuzzFailure.expect(written.utf8.count == 27, "\(written) is no MicroTime")
            guard let read = MicroTime.date(from: written) else {
                throw FuzzFailure(description: "\(written) cannot be read again")
            }
            // A Double holds a moment of our days to a quarter of a microsecond, and one of the year 9999 to 30.
            let isNear = abs(read.timeIntervalSince(moment)) < 0.0001
            // Foundation reads dates before 1582 by the Julian calendar.
            let isGregorian = (-12_219_292_800..<6e10).contains(moment.timeIntervalSince1970)
            try FuzzFailure.expect(isNear || !isGregorian, "\(written) is another moment")
        }
    }
}
