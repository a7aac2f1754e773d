import Testing

/// Clients and servers that others wrote, in front of a tunnel and behind it, on loopback.
@Suite("Interop", .serialized, .enabled(if: Tools.folder != nil), .timeLimit(.minutes(Tools.isThorough ? 60 : 3)))
enum Interop {}
