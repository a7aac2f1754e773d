/// Which name an address came from, so that it can be asked for again: a gateway connects to the addresses that it has seen
/// in answers itself, and the pod that takes another's place has seen none. A value.
public struct AddressOrigins: Sendable {
    /// The most addresses that are remembered: 4,096, as many as one command hardly asks for; then any of them goes.
    public static let capacity = 4096
    private var questions: [IPAddress: DNSQuestion] = [:]

    /// No address yet.
    public init() {}

    /// How many addresses are remembered.
    public var count: Int { self.questions.count }

    /// Remembers the addresses of a response.
    public mutating func learn(_ response: DNSMessage) {
        guard response.isResponse, response.questions.count == 1, let question = response.questions.first,
            let resolved = ResolvedName(response)
        else { return }
        for address in resolved.addresses {
            if self.questions.count >= Self.capacity, self.questions[address] == nil {
                self.questions.remove(at: self.questions.startIndex)
            }
            self.questions[address] = question
        }
    }

    /// The query whose answer had the address; `nil` when none had.
    public func query(for address: IPAddress) -> DNSMessage? {
        self.questions[address].map { DNSMessage(id: 0, questions: [$0]) }
    }
}
