@testable import Tunnel

/// A kind of bytes from elsewhere, and the code that reads them.
///
/// A run may trap, or throw what does not hold; both are defects of the product. The same entries are run by libFuzzer
/// (`make fuzz`) and, over the saved corpus and seeded mutations of it, by `make test`.
enum FuzzTarget: UInt8, CaseIterable, Sendable {
    /// What another client sends to the tunnel's port, or changes on the way, before the two ends have proved themselves.
    case handshake
    /// What an authenticated peer sends to the laptop, which is HTTP/2's server.
    case laptopLink
    /// What an authenticated peer sends to the pod, which is HTTP/2's client.
    case podLink
    /// Lines of the control stream.
    case control
    /// Objects and errors that the API server answers, and what is decided from them.
    case objects
    /// The lines of a watch.
    case watch
    /// What kubectl prints.
    case kubectl
    /// Small texts: holders, sessions, times, secrets, configurations.
    case texts
    /// DNS messages, and the texts that name hosts.
    case names
    /// HTTP/1 as callers send it: heads, bodies, what follows.
    case requests
    /// HTTP/1 as servers answer.
    case answers
    /// Bodies in chunks.
    case chunks
    /// Rules of sessions, patterns in them, and requests that are held against them.
    case rules
    /// Both directions of a connection, as somebody sees them who only looks.
    case observer

    /// The name, which is also the corpus's folder.
    var name: String { "\(self)" }

    /// Reads the bytes as the product would.
    ///
    /// - Throws: ``FuzzFailure`` when something that must hold does not.
    func run(_ bytes: [UInt8]) throws(FuzzFailure) {
        switch self {
        case .handshake: try HandshakeFuzz.run(bytes)
        case .laptopLink: try LinkFuzz.run(bytes, role: .server)
        case .podLink: try LinkFuzz.run(bytes, role: .client)
        case .control: try ControlFuzz.run(bytes)
        case .objects: try ObjectFuzz.run(bytes)
        case .watch: try WatchFuzz.run(bytes)
        case .kubectl: try KubectlFuzz.run(bytes)
        case .texts: try TextFuzz.run(bytes)
        case .names: try NamesFuzz.run(bytes)
        case .requests: try MessageFuzz.requests(bytes)
        case .answers: try MessageFuzz.answers(bytes)
        case .chunks: try MessageFuzz.chunks(bytes)
        case .rules: try RuleFuzz.run(bytes)
        case .observer: try ObserverFuzz.run(bytes)
        }
    }
}

/// Something that must hold and does not.
struct FuzzFailure: Error, CustomStringConvertible {
    /// What does not hold.
    var description: String

    /// Throws unless the condition holds.
    static func expect(_ condition: Bool, _ text: @autoclosure () -> String) throws(FuzzFailure) {
        guard !condition else { return }
        throw FuzzFailure(description: text())
    }
}
