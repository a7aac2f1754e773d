/// An answer's first line (RFC 9112 §4).
struct StatusLine: StartLine {
    let version: HTTPVersion
    /// 100 to 999.
    let status: Int

    init(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) throws(FramingAmbiguity) {
        let space = UInt8(ascii: " ")
        // `HTTP/1.1 200`, and with or without the space behind it, which many servers leave out where there is no reason.
        let end = line.lowerBound + HTTPVersion.length + 4
        guard line.upperBound >= end, bytes[end - 4] == space, line.upperBound == end || bytes[end] == space else {
            throw .malformedStatusLine
        }
        guard let version = HTTPVersion(bytes, line.lowerBound..<(end - 4)) else { throw .unknownVersion }
        var status = 0
        for index in (end - 3)..<end {
            guard bytes[index].isDigit else { throw .malformedStatusLine }
            status = status * 10 + Int(bytes[index] - UInt8(ascii: "0"))
        }
        guard status >= 100 else { throw .malformedStatusLine }
        self.version = version
        self.status = status
    }
}
