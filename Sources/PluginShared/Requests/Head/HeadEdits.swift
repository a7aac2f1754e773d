extension HeadFields {
    /// The head with other bytes in the places of some, all else as it came.
    ///
    /// - Parameter edits: In any order. Their ranges lie within the head, and apart from each other.
    func bytes(with edits: [(range: Range<Int>, bytes: [UInt8])]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(edits.reduce(self.bytes.count) { $0 + $1.bytes.count })
        var position = 0
        for (range, bytes) in edits.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
            result += self.bytes[position..<range.lowerBound]
            result += bytes
            position = range.upperBound
        }
        result += self.bytes[position...]
        return result
    }

    /// Where another field can be put: before the last CRLF.
    var end: Range<Int> { (self.bytes.count - 2)..<(self.bytes.count - 2) }

    /// The fields of this name, whose case does not count.
    func fields(of name: String) -> [HeadField] {
        let name = name.utf8.map(\.lowercased)
        return self.bytes.withUnsafeBytes { bytes in self.index.filter { $0.isNamed(name, in: bytes) } }
    }
}
