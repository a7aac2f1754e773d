extension DNSMessage {
    /// The message's bytes, with names compressed.
    ///
    /// - Throws: ``DNSError/tooLong``, ``DNSError/codeNeedsExtension``, ``DNSError/badData(_:)`` for a string of more
    ///   than 255 bytes.
    public func encode() throws(DNSError) -> [UInt8] {
        let (bytes, isWhole) = try self.encode(limit: Self.maximumSize)
        guard isWhole else { throw .tooLong }
        return bytes
    }

    /// The message's bytes, at most `size` of them, which are never less than 512: records that do not fit are left out
    /// from the end, and TC says so when answers or authorities are missing (RFC 2181 §9).
    ///
    /// - Throws: as ``encode()``, and ``DNSError/tooLong`` when not even the questions fit.
    public func encode(truncatingTo size: Int) throws(DNSError) -> [UInt8] {
        try self.encode(limit: min(Self.maximumSize, max(Self.minimumPayloadSize, size))).bytes
    }

    private func encode(limit: Int) throws(DNSError) -> (bytes: [UInt8], isWhole: Bool) {
        guard self.code.rawValue <= 15 || self.ednsExtension != nil else { throw .codeNeedsExtension }
        var writer = DNSWriter()
        writer.uint16(self.id)
        writer.uint16(self.flags)
        for _ in 0..<4 { writer.uint16(0) }
        for question in self.questions {
            writer.name(question.name)
            writer.uint16(question.type.rawValue)
            writer.uint16(question.recordClass.rawValue)
        }
        let reserved = try self.extensionBytes()
        let room = limit - reserved.count
        guard writer.count <= room else { throw .tooLong }

        var counts = [self.questions.count, 0, 0, 0]
        var isWhole = true
        sections: for (section, records) in [(1, self.answers), (2, self.authorities), (3, self.additionals)] {
            for record in records {
                let begin = writer.count
                try writer.record(record)
                if writer.count > room {
                    writer.rewind(to: begin)
                    isWhole = false
                    if section < 3 { writer.set(self.flags | 0x0200, at: 2) }
                    break sections
                }
                counts[section] += 1
            }
        }
        writer.bytes(reserved)
        counts[3] += reserved.isEmpty ? 0 : 1
        for (index, count) in counts.enumerated() {
            guard let count = UInt16(exactly: count) else { throw .tooLong }
            writer.set(count, at: 4 + 2 * index)
        }
        return (writer.bytes, isWhole)
    }

    /// The header's second field.
    private var flags: UInt16 {
        (self.isResponse ? 0x8000 : 0) | UInt16(self.operation & 0x0F) << 11 | (self.isAuthoritative ? 0x0400 : 0)
            | (self.isTruncated ? 0x0200 : 0) | (self.recursionDesired ? 0x0100 : 0)
            | (self.recursionAvailable ? 0x0080 : 0) | (self.isAuthentic ? 0x0020 : 0)
            | (self.checkingDisabled ? 0x0010 : 0) | self.code.rawValue & 0x0F
    }

    /// The OPT record, if there is to be one. It has no name that could be compressed, so that its length is known before.
    private func extensionBytes() throws(DNSError) -> [UInt8] {
        guard let ednsExtension = self.ednsExtension else { return [] }
        var data = DNSWriter()
        for option in ednsExtension.options {
            guard let length = UInt16(exactly: option.bytes.count) else { throw .tooLong }
            data.uint16(option.code)
            data.uint16(length)
            data.bytes(option.bytes)
        }
        guard let length = UInt16(exactly: data.count) else { throw .tooLong }
        var writer = DNSWriter()
        writer.byte(0)
        writer.uint16(DNSRecordType.opt.rawValue)
        writer.uint16(ednsExtension.payloadSize)
        writer.byte(UInt8(truncatingIfNeeded: self.code.rawValue >> 4))
        writer.byte(ednsExtension.version)
        writer.uint16(ednsExtension.flags)
        writer.uint16(length)
        writer.bytes(data.bytes)
        return writer.bytes
    }
}

extension DNSWriter {
    fileprivate mutating func record(_ record: DNSRecord) throws(DNSError) {
        self.name(record.name)
        self.uint16(record.type.rawValue)
        self.uint16(record.recordClass.rawValue)
        self.uint32(record.timeToLive)
        let lengthAt = self.count
        self.uint16(0)
        try self.data(record.data)
        guard let length = UInt16(exactly: self.count - lengthAt - 2) else { throw .tooLong }
        self.set(length, at: lengthAt)
    }

    private mutating func data(_ data: DNSRecordData) throws(DNSError) {
        switch data {
        case .a(let address): self.uint32(address.rawValue)
        case .aaaa(let address): self.bytes(address.bytes)
        case .cname(let name), .ptr(let name), .ns(let name): self.name(name)
        case .mx(let preference, let exchange):
            self.uint16(preference)
            self.name(exchange)
        case .txt(let strings):
            for string in strings {
                guard let length = UInt8(exactly: string.count) else { throw .badData(.txt) }
                self.byte(length)
                self.bytes(string)
            }
        case .srv(let priority, let weight, let port, let target):
            self.uint16(priority)
            self.uint16(weight)
            self.uint16(port)
            // RFC 2782: the target is not compressed.
            self.bytes(target.wire)
        case .soa(let authority):
            self.name(authority.server)
            self.name(authority.mailbox)
            for value in [
                authority.serial, authority.refresh, authority.retry, authority.expire, authority.minimum,
            ] { self.uint32(value) }
        case .raw(let bytes): self.bytes(bytes)
        }
    }
}
