import FoundationEssentials
import NIOPosix
import PluginConsole
import Tunnel

/// Recorded requests that are sent to the local process again.
struct Replay: Sendable {
    let requests: [RecordedRequest]
    /// Where all of them go; `nil` for where each went.
    let to: LocalTarget?
    /// The file's name.
    let name: String

    /// Sends them, one after the other, and tells what comes of each.
    ///
    /// - Throws: ``PluginFailure`` when one could not be sent, or was not answered.
    func run(_ console: Console) async throws {
        guard !self.requests.isEmpty else { return console.notice("\(self.name) has no requests") }
        guard self.requests.allSatisfy({ self.target($0) != nil }) else {
            throw PluginFailure("\(self.name) does not say where its requests went", hint: "say it: --to PORT")
        }
        if self.requests.contains(where: \.isRedacted) {
            console.notice("note: credentials and cookies are not in the recording, and are left out")
        }
        var (answered, changed) = (0, 0)
        for request in self.requests {
            guard let target = self.target(request) else { continue }
            if let obstacle = request.obstacle {
                console.notice("note: \(request.name) is left out: \(obstacle)")
                continue
            }
            let began = Date.now
            guard let seen = try await self.send(request, to: target, answered) else {
                console.notice("note: the answer to \(request.name) is no HTTP")
                continue
            }
            let isSame = seen.status == request.status
            answered += seen.status == nil ? 0 : 1
            changed += isSame ? 0 : 1
            let row = RequestRow(
                request: seen, time: LocalTime.text(began), remark: isSame ? "" : "was \(request.was)",
                isRemarkable: true)
            console.result(row.line(columns: console.columns))
        }
        console.notice(
            "\(answered) of \(self.requests.count) answered, \(changed == 0 ? "none" : "\(changed)") with another status than recorded"
        )
        guard answered == self.requests.count else {
            throw PluginFailure("\(self.requests.count - answered) of \(self.requests.count) requests had no answer")
        }
    }

    private func target(_ request: RecordedRequest) -> LocalTarget? { self.to ?? request.local }

    private func send(_ request: RecordedRequest, to target: LocalTarget, _ answered: Int) async throws
        -> ObservedRequest?
    {
        let address = try LocalAddress(target.host)
        do {
            return try await ReplayConnection.send(
                request, to: target, candidates: address.candidates, group: MultiThreadedEventLoopGroup.singleton)
        } catch {
            throw PluginFailure(
                "\(target.text) takes no connection (\(ConnectFailure.describe(error))): \(answered) of \(self.requests.count) requests answered",
                hint: "start your process, or name another port: --to PORT")
        }
    }
}

extension RecordedRequest {
    /// How a line calls it.
    fileprivate var name: String { "\(self.method) \(self.target)".printableLine }

    /// What its recording has for a status.
    fileprivate var was: String { self.status.map(String.init) ?? "unanswered" }
}
