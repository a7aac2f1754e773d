/// The TCP ports of loopback on which a process on this machine listens, from /proc/net/tcp and tcp6.
public enum ListeningPorts {
    private static let listening = "0A"
    /// 127.0.0.0/8 ends in 7F, since the kernel writes the number as it is in memory; 0 stands for every address.
    private static let loopback4 = "7F"
    private static let any4 = "00000000"
    private static let loopback6 = "00000000000000000000000001000000"
    private static let any6 = "00000000000000000000000000000000"
    private static let mapped6 = "0000000000000000FFFF0000"

    /// The ports in the text of either file.
    public static func read(_ text: String) -> Set<UInt16> {
        var ports: Set<UInt16> = []
        // By bytes: there may be thousands of connections, and it is read once a second.
        for line in text.utf8.split(separator: UInt8(ascii: "\n")).dropFirst() {
            let words = line.split(separator: UInt8(ascii: " "), maxSplits: 4)
            guard words.count > 3, words[3].elementsEqual(Self.listening.utf8) else { continue }
            let local = Substring(words[1]).split(separator: ":")
            guard local.count == 2, let port = UInt16(local[1], radix: 16), Self.isLoopback(local[0]) else { continue }
            ports.insert(port)
        }
        return ports
    }

    private static func isLoopback(_ address: Substring) -> Bool {
        if address.utf8.count == 8 { return address == Self.any4 || address.hasSuffix(Self.loopback4) }
        return address == Self.any6 || address == Self.loopback6
            || (address.hasPrefix(Self.mapped6) && address.hasSuffix(Self.loopback4))
    }
}
