/// Reads a message's fields from the first byte to the last; nothing of it trusts a length that the message claims.
struct DNSReader {
    let bytes: [UInt8]
    private(set) var position = 0
    /// Where reading has to stop: the end of the message, or of a record's data.
    private(set) var limit: Int

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        self.limit = bytes.count
    }

    var isAtEnd: Bool { self.position == self.limit }
    var remaining: Int { self.limit - self.position }

    mutating func byte() throws(DNSError) -> UInt8 {
        guard self.position < self.limit else { throw .endOfMessage }
        defer { self.position += 1 }
        return self.bytes[self.position]
    }

    mutating func uint16() throws(DNSError) -> UInt16 {
        guard self.remaining >= 2 else { throw .endOfMessage }
        defer { self.position += 2 }
        return UInt16(self.bytes[self.position]) << 8 | UInt16(self.bytes[self.position + 1])
    }

    mutating func uint32() throws(DNSError) -> UInt32 {
        guard self.remaining >= 4 else { throw .endOfMessage }
        return UInt32(try self.uint16()) << 16 | UInt32(try self.uint16())
    }

    mutating func bytes(_ count: Int) throws(DNSError) -> ArraySlice<UInt8> {
        guard count >= 0, self.remaining >= count else { throw .endOfMessage }
        defer { self.position += count }
        return self.bytes[self.position..<(self.position + count)]
    }

    /// A string after its length, as in TXT.
    mutating func string() throws(DNSError) -> ArraySlice<UInt8> {
        try self.bytes(Int(try self.byte()))
    }

    /// Reads what `body` reads from the next `count` bytes, all of them.
    mutating func within<Value>(
        _ count: Int, type: DNSRecordType, _ body: (inout DNSReader) throws(DNSError) -> Value
    ) throws(DNSError) -> Value {
        guard self.remaining >= count else { throw .endOfMessage }
        let outer = self.limit
        self.limit = self.position + count
        let value: Value
        do throws(DNSError) {
            value = try body(&self)
        } catch .endOfMessage {
            throw .badData(type)
        }
        guard self.isAtEnd else { throw .badData(type) }
        self.limit = outer
        return value
    }

    /// A name, compressed or not. A pointer has to point before the part of the name that it ends, so that a loop cannot be.
    mutating func name() throws(DNSError) -> DNSName {
        var wire: [UInt8] = []
        var cursor = self.position
        var end = self.limit
        var lowest = self.position
        var followed = false
        while true {
            guard cursor < end else { throw .endOfMessage }
            let length = self.bytes[cursor]
            switch length & 0xC0 {
            case 0x00:
                let next = cursor + 1 + Int(length)
                guard next <= end else { throw .endOfMessage }
                wire.append(contentsOf: self.bytes[cursor..<next])
                guard wire.count <= DNSName.maximumLength else { throw .nameTooLong }
                cursor = next
                guard length == 0 else { continue }
                if !followed { self.position = cursor }
                return DNSName(unchecked: wire)
            case 0xC0:
                guard cursor + 1 < end else { throw .endOfMessage }
                let target = Int(length & 0x3F) << 8 | Int(self.bytes[cursor + 1])
                guard target < lowest else { throw .badPointer }
                if !followed { self.position = cursor + 2 }
                followed = true
                lowest = target
                cursor = target
                end = self.bytes.count
            default:
                throw .badLabel
            }
        }
    }
}
