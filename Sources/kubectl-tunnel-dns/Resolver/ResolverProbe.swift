import Names
import Synchronization

/// A name of nobody's and an address of nobody's, by which it is seen that names and connections of this machine's programs
/// come to us: the name is asked for in the usual way, and the address is connected to.
final class ResolverProbe: NameUpstream {
    /// The address: beside our link's own.
    static let address = IPv4Address(rawValue: 0xC613_FF36)

    /// The name, in the cluster's zone.
    let name: DNSName
    private let upstream: any NameUpstream
    private let state = Mutex((asked: false, arrived: false))

    /// A probe in front of who answers all other names.
    init(zone: DNSName, upstream: any NameUpstream) throws {
        let number = String(UInt64.random(in: 0 ... .max), radix: 36)
        self.name = try DNSName("tunnel-probe-\(number)").appending(zone)
        self.upstream = upstream
    }

    /// Whether the name was asked for.
    var wasAsked: Bool { self.state.withLock { $0.asked } }
    /// Whether a connection to the address has come.
    var hasArrived: Bool { self.state.withLock { $0.arrived } }

    /// Notes a connection; whether it is the probe's.
    func arrived(at address: IPv4Address) -> Bool {
        guard address == Self.address else { return false }
        self.state.withLock { $0.arrived = true }
        return true
    }

    /// The probe's own name, and everybody else's by others.
    func answer(to query: [UInt8]) async throws -> [UInt8] {
        let message = try DNSMessage(decoding: query)
        guard let question = message.questions.first, question.name == self.name else {
            return try await self.upstream.answer(to: query)
        }
        self.state.withLock { $0.asked = true }
        var response = message.response(.success)
        if question.type == .a {
            response.answers = [DNSRecord(name: question.name, timeToLive: 0, data: .a(Self.address))]
        }
        return try response.encode()
    }
}
