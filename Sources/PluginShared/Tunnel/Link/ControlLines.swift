import NIOCore

/// The lines of the control stream: UTF-8, ended by a newline, at most 4 KiB long.
struct ControlLines {
    /// The most bytes of one line, without its newline: 4 KiB.
    static let maximumByteCount = 4096
    /// The most lines that wait for a peer that does not read: 64; then the oldest is dropped.
    static let maximumQueued = 64

    private var partial: [UInt8] = []
    private var isSkipping = false

    /// Takes bytes at any split; returns the lines they completed. Lines that are too long are dropped.
    mutating func received(_ bytes: ByteBuffer) -> [String] {
        var lines: [String] = []
        for byte in bytes.readableBytesView {
            if byte == UInt8(ascii: "\n") {
                if !self.isSkipping { lines.append(String(decoding: self.partial, as: UTF8.self)) }
                self.partial.removeAll(keepingCapacity: true)
                self.isSkipping = false
            } else if self.partial.count == ControlLines.maximumByteCount {
                self.isSkipping = true
            } else {
                self.partial.append(byte)
            }
        }
        return lines
    }

    /// A line as it goes over the wire; `nil` if it is too long or holds a newline.
    static func encode(_ line: String) -> ByteBuffer? {
        let bytes = Array(line.utf8)
        guard bytes.count <= ControlLines.maximumByteCount, !bytes.contains(UInt8(ascii: "\n")) else { return nil }
        return ByteBuffer(bytes: bytes + [UInt8(ascii: "\n")])
    }
}

/// Lines that wait until the control stream can take them.
struct ControlQueue {
    private var lines = CircularBuffer<ByteBuffer>()

    /// Adds a line; drops the oldest when there are too many.
    mutating func append(_ line: ByteBuffer) {
        if self.lines.count == ControlLines.maximumQueued { self.lines.removeFirst() }
        self.lines.append(line)
    }

    /// Takes the oldest line.
    mutating func popFirst() -> ByteBuffer? { self.lines.popFirst() }

    /// Drops everything.
    mutating func removeAll() { self.lines.removeAll() }
}
