/// Where a field's name and value lie in a head. Heads end before 64 KiB, so 16 bits are enough.
struct HeadField: Sendable, Hashable {
    private let nameStart: UInt16
    private let nameLength: UInt16
    private let valueStart: UInt16
    private let valueLength: UInt16

    var name: Range<Int> { Int(self.nameStart)..<(Int(self.nameStart) + Int(self.nameLength)) }
    /// Without white space at its ends.
    var value: Range<Int> { Int(self.valueStart)..<(Int(self.valueStart) + Int(self.valueLength)) }

    /// Reads a line (RFC 9112 §5).
    ///
    /// - Parameter line: Where it lies in the buffer, without CRLF. It is not empty, ends before ``HeadLines``' limit, and
    ///   has no control character but tabs.
    init(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) throws(FramingAmbiguity) {
        var colon = line.lowerBound
        while colon < line.upperBound, bytes[colon].isToken { colon += 1 }
        guard colon < line.upperBound else { throw .noColon }
        guard bytes[colon] == UInt8(ascii: ":") else {
            guard bytes[colon].isWhitespace else { throw .malformedName }
            throw colon == line.lowerBound ? .foldedLine : .spaceInName
        }
        guard colon > line.lowerBound else { throw .emptyName }
        let value = bytes.trimmed((colon + 1)..<line.upperBound)
        self.nameStart = UInt16(truncatingIfNeeded: line.lowerBound)
        self.nameLength = UInt16(truncatingIfNeeded: colon - line.lowerBound)
        self.valueStart = UInt16(truncatingIfNeeded: value.lowerBound)
        self.valueLength = UInt16(truncatingIfNeeded: value.count)
    }

    /// Where a name and a value are known to lie.
    init(name: Range<Int>, value: Range<Int>) {
        self.nameStart = UInt16(truncatingIfNeeded: name.lowerBound)
        self.nameLength = UInt16(truncatingIfNeeded: name.count)
        self.valueStart = UInt16(truncatingIfNeeded: value.lowerBound)
        self.valueLength = UInt16(truncatingIfNeeded: value.count)
    }
}
