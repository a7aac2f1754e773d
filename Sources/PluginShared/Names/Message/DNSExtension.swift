/// What an OPT record says (EDNS, RFC 6891). The upper bits of the response code are in ``DNSMessage/code``.
public struct DNSExtension: Hashable, Sendable {
    /// An option: its number, and its bytes.
    public struct Option: Hashable, Sendable {
        /// The option's number.
        public var code: UInt16
        /// The option's bytes.
        public var bytes: [UInt8]

        /// An option.
        public init(code: UInt16, bytes: [UInt8]) {
            self.code = code
            self.bytes = bytes
        }
    }

    /// The longest message that the sender takes over UDP, in bytes; values below 512 mean 512 (RFC 6891 §6.2.3).
    public var payloadSize: UInt16
    /// 0 is the only one there is.
    public var version: UInt8
    /// All 16 flags; ``wantsSignatures`` is the topmost.
    public var flags: UInt16
    /// Options in their order.
    public var options: [Option]

    /// Whether DNSSEC records are asked for (DO, RFC 3225).
    public var wantsSignatures: Bool { self.flags & 0x8000 != 0 }

    /// What an OPT record says. 1232 bytes pass every network unfragmented (DNS flag day 2020).
    public init(payloadSize: UInt16 = 1232, version: UInt8 = 0, flags: UInt16 = 0, options: [Option] = []) {
        self.payloadSize = payloadSize
        self.version = version
        self.flags = flags
        self.options = options
    }
}
