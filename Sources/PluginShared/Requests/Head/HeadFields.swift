/// The fields of a head, in their order, in the bytes that came.
public struct HeadFields: Sendable {
    /// The whole head as it came, with its first line and its last CRLF.
    public let bytes: [UInt8]
    let index: [HeadField]

    /// Copies a head.
    init(_ bytes: UnsafeRawBufferPointer, _ index: [HeadField]) {
        self.bytes = Array(bytes)
        self.index = index
    }

    /// How many there are.
    public var count: Int { self.index.count }

    /// Names as they came, values without white space at their ends.
    public var all: some Sequence<(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)> {
        self.index.lazy.map { (self.bytes[$0.name], self.bytes[$0.value]) }
    }

    /// The values of all fields of this name, whose case does not count.
    public func values(of name: String) -> [ArraySlice<UInt8>] {
        self.fields(of: name).map { self.bytes[$0.value] }
    }
}

extension HeadField {
    /// Whether this is the field's name.
    ///
    /// - Parameters:
    ///   - name: In lower case.
    ///   - bytes: The head.
    @inline(__always)
    func isNamed(_ name: [UInt8], in bytes: UnsafeRawBufferPointer) -> Bool {
        let range = self.name
        guard range.count == name.count else { return false }
        for (offset, byte) in name.enumerated() where bytes[range.lowerBound + offset].lowercased != byte {
            return false
        }
        return true
    }
}
