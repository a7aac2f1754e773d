/// A request's first line (RFC 9112 §3): where its words are.
struct RequestLine: StartLine {
    let method: Range<Int>
    let target: Range<Int>
    let version: HTTPVersion
    let kind: MethodKind

    init(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) throws(FramingAmbiguity) {
        let space = UInt8(ascii: " ")
        var position = line.lowerBound
        while position < line.upperBound, bytes[position].isToken { position += 1 }
        self.method = line.lowerBound..<position
        guard (1...CallerProtocol.maximumMethodLength).contains(self.method.count),
            position < line.upperBound, bytes[position] == space
        else { throw .malformedRequestLine }

        let start = position + 1
        position = start
        // Bytes above 127 do not belong there, but some clients send UTF-8 as it is, and no server takes it for an end.
        while position < line.upperBound, bytes[position] > space { position += 1 }
        self.target = start..<position
        guard position > start, position < line.upperBound, bytes[position] == space else {
            throw .malformedRequestLine
        }

        let rest = (position + 1)..<line.upperBound
        guard let version = HTTPVersion(bytes, rest) else {
            for index in rest where bytes[index].isWhitespace { throw .malformedRequestLine }
            throw .unknownVersion
        }
        self.version = version
        self.kind = MethodKind(bytes, self.method)
    }

    /// Where the words are known to lie.
    init(method: Range<Int>, target: Range<Int>, kind: MethodKind) {
        self.method = method
        self.target = target
        self.version = .http11
        self.kind = kind
    }
}
