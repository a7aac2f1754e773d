extension DNSMessage {
    /// The message in these bytes, all of them.
    ///
    /// - Throws: ``DNSError``.
    public init(decoding bytes: [UInt8]) throws(DNSError) {
        var reader = DNSReader(bytes)
        let id = try reader.uint16()
        let flags = try reader.uint16()
        var counts: [Int] = []
        for _ in 0..<4 { counts.append(Int(try reader.uint16())) }
        self.init(
            id: id, isResponse: flags & 0x8000 != 0, operation: UInt8(flags >> 11 & 0x0F),
            isAuthoritative: flags & 0x0400 != 0, isTruncated: flags & 0x0200 != 0,
            recursionDesired: flags & 0x0100 != 0, recursionAvailable: flags & 0x0080 != 0,
            isAuthentic: flags & 0x0020 != 0, checkingDisabled: flags & 0x0010 != 0,
            code: DNSResponseCode(rawValue: flags & 0x0F))
        // Nothing is reserved for what the counts promise: a record that is not there ends the reading.
        for _ in 0..<counts[0] {
            self.questions.append(
                DNSQuestion(
                    name: try reader.name(), type: DNSRecordType(rawValue: try reader.uint16()),
                    recordClass: DNSClass(rawValue: try reader.uint16())))
        }
        for _ in 0..<counts[1] { self.answers.append(try reader.record()) }
        for _ in 0..<counts[2] { self.authorities.append(try reader.record()) }
        for _ in 0..<counts[3] {
            let record = try reader.record()
            if record.type == .opt {
                try self.take(record)
            } else {
                self.additionals.append(record)
            }
        }
        guard reader.isAtEnd else { throw .trailingBytes }
    }

    /// Takes what an OPT record says.
    private mutating func take(_ record: DNSRecord) throws(DNSError) {
        guard self.ednsExtension == nil, record.name.isRoot, case .raw(let bytes) = record.data else {
            throw .badExtension
        }
        var reader = DNSReader(bytes)
        var options: [DNSExtension.Option] = []
        do throws(DNSError) {
            while !reader.isAtEnd {
                let code = try reader.uint16()
                options.append(.init(code: code, bytes: Array(try reader.bytes(Int(try reader.uint16())))))
            }
        } catch {
            throw .badExtension
        }
        self.ednsExtension = DNSExtension(
            payloadSize: record.recordClass.rawValue, version: UInt8(truncatingIfNeeded: record.timeToLive >> 16),
            flags: UInt16(truncatingIfNeeded: record.timeToLive), options: options)
        let upper = UInt16(truncatingIfNeeded: record.timeToLive >> 24)
        self.code = DNSResponseCode(rawValue: upper << 4 | self.code.rawValue)
    }
}

extension DNSReader {
    /// A record; an OPT record's data stay raw.
    mutating func record() throws(DNSError) -> DNSRecord {
        let name = try self.name()
        let type = DNSRecordType(rawValue: try self.uint16())
        let recordClass = DNSClass(rawValue: try self.uint16())
        var timeToLive = try self.uint32()
        // RFC 2181 §8. In an OPT record the field is something else.
        if timeToLive > UInt32(Int32.max), type != .opt { timeToLive = 0 }
        let length = Int(try self.uint16())
        let data = try self.within(length, type: type) { (reader) throws(DNSError) in
            try reader.data(of: type, recordClass)
        }
        return DNSRecord(name: name, type: type, recordClass: recordClass, timeToLive: timeToLive, data: data)
    }

    /// The data of a record, as long as ``limit`` says.
    private mutating func data(of type: DNSRecordType, _ recordClass: DNSClass) throws(DNSError) -> DNSRecordData {
        let isEmptyByRight = self.isAtEnd && (recordClass == .none || recordClass == .any)
        if isEmptyByRight || (recordClass != .internet && DNSDataLayout.internetOnly.contains(type)) {
            return .raw(Array(try self.bytes(self.remaining)))
        }
        switch type {
        case .a: return .a(IPv4Address(rawValue: try self.uint32()))
        case .aaaa:
            let high = UInt64(try self.uint32()) << 32 | UInt64(try self.uint32())
            return .aaaa(IPv6Address(high: high, low: UInt64(try self.uint32()) << 32 | UInt64(try self.uint32())))
        case .cname: return .cname(try self.name())
        case .ptr: return .ptr(try self.name())
        case .ns: return .ns(try self.name())
        case .mx: return .mx(preference: try self.uint16(), exchange: try self.name())
        case .txt:
            var strings = [Array(try self.string())]
            while !self.isAtEnd { strings.append(Array(try self.string())) }
            return .txt(strings)
        case .srv:
            return .srv(
                priority: try self.uint16(), weight: try self.uint16(), port: try self.uint16(), target: try self.name()
            )
        case .soa:
            return .soa(
                DNSAuthority(
                    server: try self.name(), mailbox: try self.name(), serial: try self.uint32(),
                    refresh: try self.uint32(), retry: try self.uint32(), expire: try self.uint32(),
                    minimum: try self.uint32()))
        default: return .raw(try self.uncompressed(DNSDataLayout.of(type)))
        }
    }

    /// The data of a type without a value of its own, with names written out: a pointer would lead astray elsewhere.
    private mutating func uncompressed(_ layout: [DNSDataLayout.Field]) throws(DNSError) -> [UInt8] {
        var bytes: [UInt8] = []
        for field in layout {
            switch field {
            case .name: bytes += try self.name().wire
            case .fixed(let count): bytes += try self.bytes(count)
            case .string:
                let string = try self.string()
                bytes.append(UInt8(string.count))
                bytes += string
            }
        }
        return bytes + (try self.bytes(self.remaining))
    }
}
