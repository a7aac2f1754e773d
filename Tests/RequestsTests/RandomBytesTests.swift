import Testing

@testable import Requests

/// Bytes by chance, the same in every run: nothing traps, and nothing takes more bytes than there are.
@Suite struct RandomBytesTests {
    /// What messages are made of, so that chance gets further than the first byte.
    static let words: [String] = [
        "GET ", "/", " HTTP/1.1", " HTTP/1.0", "\r\n", "\r\n\r\n", "\r", "\n", "Host: a\r\n", "Content-Length: ",
        "Transfer-Encoding: chunked\r\n", "HTTP/1.1 ", "200 ", "101 ", "5\r\n", "0\r\n", "7fffffffffffffff\r\n",
        "hello", ":",
        ";", " ", "\t", "\u{0}", "\u{e9}", "9223372036854775807", "POST / HTTP/1.1\r\nHost: a\r\n",
    ]

    @Test("100,000 short runs of bytes by chance")
    func chance() {
        var numbers = SeededNumbers(seed: 1)
        for run in 0..<100_000 {
            var bytes: [UInt8] = []
            for _ in 0..<numbers.next(below: 12) {
                bytes +=
                    run % 4 == 0
                    ? [UInt8(truncatingIfNeeded: numbers.next(below: 256))]
                    : Array(Self.words[numbers.next(below: Self.words.count)].utf8)
            }
            let cut = numbers.next(below: bytes.count + 1)
            let method: MethodKind? = [nil, nil, .ordinary, .head, .connect][numbers.next(below: 5)]
            let pieces = [Array(bytes.prefix(cut)), Array(bytes.dropFirst(cut))]
            let (whole, log) = (Walk.log([bytes], answering: method), Walk.log(pieces, answering: method))
            if whole != log { Issue.record("run \(run): \(whole) became \(log)") }
            _ = bytes.withUnsafeBytes { CallerProtocol.sniff($0) }
        }
    }
}
