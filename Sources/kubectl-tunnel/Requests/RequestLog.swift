import FoundationEssentials
import Kubernetes
import NIOPosix
import PluginConsole
import PluginSession
import Session
import Synchronization
import Tunnel

/// Shows and records the requests that come to the laptop, on a thread of its own: a terminal that stands still must not
/// hold up those who are carried.
final class RequestLog: Sendable {
    /// How long the end waits for whoever reads what is written: 2 s.
    private static let lastMoment = Duration.seconds(2)

    private let report: SessionReport
    private let shows: Bool
    private let recording: Recording?
    private let file: Mutex<HARFile?>
    private let queue = Mutex(LogQueue())
    /// What was said of callers that cannot be read.
    private let told = Mutex<Set<String>>([])
    private let thread = NIOThreadPool(numberOfThreads: 1)

    /// A log; `nil` where nobody wants one.
    ///
    /// - Throws: ``PluginFailure`` when the recording cannot be made.
    init?(shows: Bool, recording: Recording?, report: SessionReport) throws {
        guard shows || recording != nil else { return nil }
        self.report = report
        self.shows = shows
        self.recording = recording
        let file = try recording.map {
            try HARFile($0, creator: "kubectl tunnel", version: ProxyConfiguration.softwareVersion)
        }
        self.file = Mutex(file)
        self.thread.start()
    }

    /// What the tunnel is to tell.
    var observation: RequestObservation {
        RequestObservation(keepsContent: self.recording != nil) { event, connection in
            self.take(event, connection)
        }
    }

    /// Writes what waits; gives up where nobody reads it.
    func finish() async {
        let (end, source) = AsyncStream.makeStream(of: Void.self)
        Task {
            try? await self.thread.runIfActive { self.close() }
            try? await self.thread.shutdownGracefully()
            source.finish()
        }
        Task {
            try? await Task.sleep(for: Self.lastMoment)
            source.finish()
        }
        for await _ in end {}
    }

    private func take(_ event: ObservedEvent, _ connection: ObservedConnection) {
        let (now, size) = (Date.now, event.byteCount)
        guard self.queue.withLock({ $0.take(size) }) else { return }
        self.thread.submit { _ in
            self.write(event, connection, now)
            let dropped = self.queue.withLock { $0.written(size) }
            guard dropped > 0 else { return }
            self.report.event(
                "requests-dropped",
                "note: \(dropped) requests are left out: they came faster than they could be written",
                ["count": .integer(Int64(dropped))])
        }
    }

    private func write(_ event: ObservedEvent, _ connection: ObservedConnection, _ now: Date) {
        switch event {
        case .request(let request):
            let began = now.addingTimeInterval(-(request.duration / .seconds(1)))
            if self.shows { self.show(request, connection, began) }
            self.record(request, connection, began)
        case .notRead(let name):
            let isNew = self.told.withLock { $0.insert("\(connection.route) \(name)").inserted }
            guard isNew else { return }
            self.report.event(
                "not-shown", "note: callers of \(connection.route) speak \(name): these requests cannot be shown",
                ["route": .string(connection.route)])
        }
    }

    private func show(_ request: ObservedRequest, _ connection: ObservedConnection, _ began: Date) {
        let row = RequestRow(request: request, time: LocalTime.text(began), remark: connection.callerAddress)
        var members: [String: JSONValue] = [
            "time": .string(MicroTime.text(for: began)), "method": .string(request.method),
            "path": .string(request.target), "end": .string(request.end.rawValue),
            "milliseconds": .number((request.duration / .microseconds(1)).rounded() / 1000),
            "requestBytes": .integer(request.requestByteCount), "answerBytes": .integer(request.answerByteCount),
            "caller": .string(connection.caller), "route": .string(connection.route),
        ]
        if let status = request.status { members["status"] = .integer(Int64(status)) }
        if let status = request.grpcStatus { members["grpcStatus"] = .integer(Int64(status)) }
        self.report.row("request", row.line(columns: self.report.console.columns), members)
    }

    private func record(_ request: ObservedRequest, _ connection: ObservedConnection, _ began: Date) {
        guard let recording else { return }
        self.file.withLock { file in
            guard let open = file else { return }
            let entry = HAREntry(
                request: request, connection: connection, date: began, keepsSecrets: recording.keepsSecrets)
            do {
                try open.append(entry.json.canonicalText)
            } catch {
                file = nil
                self.report.event("not-recorded", "note: nothing is recorded from here on: \(error)")
            }
        }
    }

    private func close() {
        guard let recording else { return }
        self.file.withLock { file in
            guard let count = file?.count else { return }
            file = nil
            self.report.event(
                "recorded", "\(recording.path) has \(count) request\(count == 1 ? "" : "s")",
                ["path": .string(recording.path), "count": .integer(Int64(count))])
        }
    }
}

extension ObservedEvent {
    /// About as many bytes as it takes.
    fileprivate var byteCount: Int {
        guard case .request(let request) = self else { return 256 }
        let messages = [request.request, request.answer].compactMap(\.self)
        return messages.reduce(512 + request.target.utf8.count) {
            $0 + $1.content.count + 2 * ($1.headByteCount ?? 4096)
        }
    }
}
