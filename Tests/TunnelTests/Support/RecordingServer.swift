import FaultBench
import Foundation
import Synchronization

/// A local process that keeps what each of its connections got.
final class RecordingServer: Sendable {
    /// What a connection got so far, and how it ended.
    struct Recording: Sendable, Equatable {
        enum End: Sendable { case fin, reset }

        var bytes: [UInt8] = []
        var end: End?
        /// The requests in it, where each is answered.
        var requests: [String] = []
        var text: String { String(decoding: self.bytes, as: UTF8.self) }
    }

    private let state = Mutex<[Recording]>([])
    private let server = Mutex<RawServer?>(nil)

    /// Listens on a free port of loopback.
    ///
    /// - Parameters:
    ///   - answer: Sent as soon as something came.
    ///   - eachTime: Whether it is sent for each request instead.
    ///   - closes: Whether the connection is ended behind it.
    init(answer: [UInt8] = [], eachTime: Bool = false, closes: Bool = false) throws {
        let server = try RawServer { [self] socket in
            let number = self.state.withLock { state in
                state.append(Recording())
                return state.count - 1
            }
            var (answers, requests) = (0, Requests())
            do {
                while case let bytes = try socket.receive(), !bytes.isEmpty {
                    self.state.withLock { $0[number].bytes += bytes }
                    if eachTime { requests.take(bytes) }
                    let whole = requests.whole
                    self.state.withLock { $0[number].requests = whole }
                    let wanted = eachTime ? whole.count : 1
                    for _ in answers..<max(answers, wanted) { try socket.send(answer) }
                    answers = max(answers, wanted)
                    if closes { break }
                }
                self.state.withLock { $0[number].end = .fin }
            } catch {
                self.state.withLock { $0[number].end = .reset }
            }
            socket.close()
        }
        self.server.withLock { $0 = server }
    }

    /// Cuts requests out, each of which has a length.
    private struct Requests {
        var whole: [String] = []
        private var rest: [UInt8] = []
        /// How much of the body is missing; `nil` in a head.
        private var missing: Int?

        mutating func take(_ bytes: [UInt8]) {
            for byte in bytes {
                self.rest.append(byte)
                if let missing {
                    self.missing = missing - 1
                } else if byte == 10, self.rest.suffix(4).elementsEqual([13, 10, 13, 10]) {
                    let parts = String(decoding: self.rest, as: UTF8.self).components(separatedBy: "Content-Length: ")
                    self.missing = parts.count > 1 ? Int(parts[1].prefix { $0.isNumber }) ?? 0 : 0
                }
                guard self.missing == 0 else { continue }
                self.whole.append(String(decoding: self.rest, as: UTF8.self))
                (self.rest, self.missing) = ([], nil)
            }
        }
    }

    var port: Int { self.server.withLock { $0?.port ?? 0 } }
    var recordings: [Recording] { self.state.withLock { $0 } }
}
