import NIOHPACK

/// Why the peer would not carry a connection or answer a request.
public struct StreamRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    /// The status of the answer, as in HTTP; ``noLinkStatus`` for those that this end made up.
    public var status: Int
    /// The reason in a few words: printable ASCII.
    public var reason: String

    /// 0: no answer came, since the link is down or went down.
    public static let noLinkStatus = 0
    /// There is no link to ask on.
    public static let noLink = StreamRefusal(status: noLinkStatus, reason: "the tunnel is down")
    /// The stream ended without an answer.
    public static let lost = StreamRefusal(status: noLinkStatus, reason: "the tunnel was lost")

    /// Makes a refusal.
    public init(status: Int, reason: String) {
        self.status = status
        let printable = reason.unicodeScalars.filter { $0.isASCII && $0.value >= 0x20 && $0.value != 0x7f }
        self.reason = String(String.UnicodeScalarView(printable.prefix(StreamRefusal.longestReason)))
    }

    /// The most characters of a reason: 200, far below the limit of a header.
    private static let longestReason = 200

    /// The answer's headers.
    var headers: HPACKHeaders { HPACKHeaders([(":status", "\(self.status)"), ("kt-reason", self.reason)]) }

    /// What an answer with another status than 200 says.
    init(_ headers: HPACKHeaders) {
        let status = headers.first(name: ":status").flatMap(Int.init) ?? StreamRefusal.noLinkStatus
        self.init(status: status, reason: headers.first(name: "kt-reason") ?? "status \(status)")
    }

    /// The reason.
    public var description: String { self.reason }
}

extension StreamRefusal {
    /// 421, Misdirected Request (RFC 9110 §15.5.20): the gateway has no part in it, and the laptop may go there by itself.
    public static let outsideStatus = 421
}
