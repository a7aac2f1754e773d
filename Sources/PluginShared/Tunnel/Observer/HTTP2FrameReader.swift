import NIOCore

/// Cuts one direction of an HTTP/2 connection into what somebody needs who only looks (RFC 9113 §4.1, §6). It keeps no more than the
/// block of fields that is under way. A value.
struct HTTP2FrameReader {
    /// The next of what has come.
    enum Piece: Equatable {
        /// All of a block of fields, and whether the stream's half ends with it.
        case fields(stream: UInt32, ByteBuffer, ends: Bool)
        /// The block of a promise: it changes what later blocks mean.
        case promise(ByteBuffer)
        /// Bytes of a stream's content.
        case data(stream: UInt32, ByteBuffer)
        /// A stream's half ends.
        case end(stream: UInt32)
        case reset(stream: UInt32)
        /// The sender's settings, with how much its table for blocks may have; `nil` where they do not say.
        case settings(tableSize: Int?)
        /// The other side's settings hold from here on.
        case acknowledgement
        /// These are no frames, or such as nobody sends.
        case malformed
    }

    /// What a client begins with, in bytes (RFC 9113 §3.4).
    static let prefaceLength = 24
    /// The most bytes of a block of fields, and of a frame that is not passed on in pieces: 64 KiB.
    static let maximumByteCount = 65_536
    private static let headerLength = 9

    private struct Header {
        var length: Int
        var type: UInt8
        var flags: UInt8
        var stream: UInt32

        func has(_ flag: UInt8) -> Bool { self.flags & flag != 0 }
    }

    private struct Block {
        var stream: UInt32
        var ends: Bool
        var isPromise: Bool
        var bytes: ByteBuffer
    }

    private enum State {
        case header
        /// So many bytes are nothing to us.
        case skip(Int)
        /// All of the frame is waited for.
        case frame(Header)
        /// The length of a DATA frame's padding is waited for.
        case padding(Header)
        /// So many bytes of content, then so many of padding.
        case data(UInt32, left: Int, padding: Int, ends: Bool)
        case lost
    }

    private enum Flag {
        static let endStream: UInt8 = 0x1
        static let acknowledgement: UInt8 = 0x1
        static let endHeaders: UInt8 = 0x4
        static let padded: UInt8 = 0x8
        static let priority: UInt8 = 0x20
    }

    private var state: State
    private var isFirst = true
    private var buffer = ByteBuffer()
    private var block: Block?

    /// A reader of what a caller sends, or a server.
    init(isCaller: Bool) { self.state = isCaller ? .skip(Self.prefaceLength) : .header }

    /// Whether these may be all that a server has sent: its settings, on no stream, and not much more.
    static func mayBegin(_ bytes: ByteBuffer) -> Bool {
        let view = bytes.readableBytesView
        let expected: [UInt8?] = [0, nil, nil, 4, 0, 0, 0, 0, 0]
        return view.count <= 4096 && zip(view, expected).allSatisfy { $1 == nil || $0 == $1 }
    }

    /// Takes bytes in.
    mutating func append(_ bytes: ByteBuffer) {
        if self.buffer.readableBytes == 0 { self.buffer = bytes } else { self.buffer.writeImmutableBuffer(bytes) }
    }

    /// The next piece; `nil` until more bytes come.
    mutating func next() -> Piece? {
        while true {
            switch self.state {
            case .header:
                guard let header = self.readHeader() else { return nil }
                if let piece = self.begin(header) { return piece }
            case .skip(let count):
                let skipped = min(count, self.buffer.readableBytes)
                self.buffer.moveReaderIndex(forwardBy: skipped)
                guard skipped == count else {
                    self.state = .skip(count - skipped)
                    return nil
                }
                self.state = .header
            case .frame(let header):
                guard let payload = self.buffer.readSlice(length: header.length) else { return nil }
                self.state = .header
                if let piece = self.take(header, payload) { return piece }
            case .padding(let header):
                guard let padding = self.buffer.readInteger(as: UInt8.self) else { return nil }
                guard Int(padding) < header.length else { return self.fail() }
                self.state = .data(
                    header.stream, left: header.length - 1 - Int(padding), padding: Int(padding),
                    ends: header.has(Flag.endStream))
            case .data(let stream, let left, let padding, let ends):
                if left > 0 {
                    let count = min(left, self.buffer.readableBytes)
                    guard count > 0, let bytes = self.buffer.readSlice(length: count) else { return nil }
                    self.state = .data(stream, left: left - count, padding: padding, ends: ends)
                    return .data(stream: stream, bytes)
                }
                self.state = padding > 0 ? .skip(padding) : .header
                if ends { return .end(stream: stream) }
            case .lost: return nil
            }
        }
    }

    private mutating func readHeader() -> Header? {
        guard self.buffer.readableBytes >= Self.headerLength,
            let high = self.buffer.readInteger(as: UInt8.self), let low = self.buffer.readInteger(as: UInt16.self),
            let type = self.buffer.readInteger(as: UInt8.self), let flags = self.buffer.readInteger(as: UInt8.self),
            let stream = self.buffer.readInteger(as: UInt32.self)
        else { return nil }
        return Header(length: Int(high) << 16 | Int(low), type: type, flags: flags, stream: stream & 0x7FFF_FFFF)
    }

    private mutating func begin(_ header: Header) -> Piece? {
        // Both begin with their settings; nothing else may be between the frames of a block.
        guard !self.isFirst || header.type == 4, (self.block == nil) == (header.type != 9) else { return self.fail() }
        self.isFirst = false
        switch header.type {
        case 0 where header.has(Flag.padded): self.state = .padding(header)
        case 0:
            self.state = .data(header.stream, left: header.length, padding: 0, ends: header.has(Flag.endStream))
        case 1, 4, 5, 9:
            guard header.length <= Self.maximumByteCount else { return self.fail() }
            self.state = .frame(header)
        case 3:
            self.state = .skip(header.length)
            return .reset(stream: header.stream)
        default: self.state = .skip(header.length)
        }
        return nil
    }

    private mutating func take(_ header: Header, _ payload: ByteBuffer) -> Piece? {
        var payload = payload
        switch header.type {
        case 4:
            guard !header.has(Flag.acknowledgement) else { return .acknowledgement }
            var size: Int?
            while let name = payload.readInteger(as: UInt16.self), let value = payload.readInteger(as: UInt32.self) {
                // SETTINGS_HEADER_TABLE_SIZE.
                if name == 1 { size = Int(value) }
            }
            return .settings(tableSize: size)
        case 9: self.block?.bytes.writeImmutableBuffer(payload)
        default:
            var padding = 0
            if header.has(Flag.padded) { padding = Int(payload.readInteger(as: UInt8.self) ?? .max) }
            let isPromise = header.type == 5
            let prefix = isPromise ? 4 : header.has(Flag.priority) ? 5 : 0
            guard payload.readableBytes >= prefix + padding else { return self.fail() }
            payload.moveReaderIndex(forwardBy: prefix)
            self.block = Block(
                stream: header.stream, ends: !isPromise && header.has(Flag.endStream), isPromise: isPromise,
                bytes: payload.readSlice(length: payload.readableBytes - padding) ?? ByteBuffer())
        }
        guard let block, block.bytes.readableBytes <= Self.maximumByteCount else { return self.fail() }
        guard header.has(Flag.endHeaders) else { return nil }
        self.block = nil
        return block.isPromise ? .promise(block.bytes) : .fields(stream: block.stream, block.bytes, ends: block.ends)
    }

    private mutating func fail() -> Piece {
        self.state = .lost
        self.block = nil
        self.buffer = ByteBuffer()
        return .malformed
    }
}
