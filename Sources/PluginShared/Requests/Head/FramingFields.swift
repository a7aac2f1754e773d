/// What a head's fields say about where its message and its connection end (RFC 9112 §6, §9.3).
struct FramingFields {
    /// `Content-Length`, in bytes.
    private(set) var length: Int64?
    /// Whether `Transfer-Encoding` is there, which then is `chunked`.
    private(set) var isChunked = false
    private(set) var hostCount = 0
    /// The words of `Connection`.
    private(set) var hasClose = false
    private(set) var hasKeepAlive = false
    private(set) var hasUpgrade = false
    private(set) var expectsContinue = false
    /// The first `Upgrade` that says something.
    private(set) var upgrade: Range<Int>?

    init(
        _ bytes: UnsafeRawBufferPointer, _ fields: [HeadField], _ version: HTTPVersion
    ) throws(FramingAmbiguity) {
        for field in fields {
            // Most fields are of another length than these.
            switch field.name.count {
            case 4 where bytes.equals("host", in: field.name):
                self.hostCount += 1
            case 6 where bytes.equals("expect", in: field.name):
                if bytes.equals("100-continue", in: field.value) { self.expectsContinue = true }
            case 7 where bytes.equals("upgrade", in: field.name):
                if self.upgrade == nil, !field.value.isEmpty { self.upgrade = field.value }
            case 10 where bytes.equals("connection", in: field.name):
                self.readConnection(bytes, field.value)
            case 14:
                if bytes.equals("content-length", in: field.name) {
                    guard self.length == nil else { throw .severalLengths }
                    self.length = try Self.length(bytes, field.value)
                } else if bytes.equals("content_length", in: field.name) {
                    throw .disguisedName
                }
            case 17:
                if bytes.equals("transfer-encoding", in: field.name) {
                    guard !self.isChunked, bytes.equals("chunked", in: field.value) else { throw .unknownEncoding }
                    self.isChunked = true
                } else if bytes.equals("transfer_encoding", in: field.name) {
                    throw .disguisedName
                }
            default: break
            }
        }
        guard self.length == nil || !self.isChunked else { throw .lengthAndEncoding }
        guard !self.isChunked || version == .http11 else { throw .encodingInOldVersion }
    }

    /// Whether the connection may go on behind the message.
    func keepsAlive(_ version: HTTPVersion) -> Bool {
        !self.hasClose && (version == .http11 || self.hasKeepAlive)
    }

    private mutating func readConnection(_ bytes: UnsafeRawBufferPointer, _ value: Range<Int>) {
        var rest: Range<Int>? = value
        while let word = bytes.nextPart(&rest, separator: UInt8(ascii: ",")) {
            if bytes.equals("close", in: word) { self.hasClose = true }
            if bytes.equals("keep-alive", in: word) { self.hasKeepAlive = true }
            if bytes.equals("upgrade", in: word) { self.hasUpgrade = true }
        }
    }

    private static func length(
        _ bytes: UnsafeRawBufferPointer, _ value: Range<Int>
    ) throws(FramingAmbiguity) -> Int64 {
        guard !value.isEmpty else { throw .malformedLength }
        var length: Int64 = 0
        for index in value {
            guard bytes[index].isDigit else {
                // Digits and commas are the list that a proxy makes of several.
                throw bytes[index] == UInt8(ascii: ",") && index > value.lowerBound ? .severalLengths : .malformedLength
            }
            let (tenfold, overflow) = length.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tenfold.addingReportingOverflow(Int64(bytes[index] - UInt8(ascii: "0")))
            guard !overflow, !carry else { throw .malformedLength }
            length = sum
        }
        return length
    }
}
