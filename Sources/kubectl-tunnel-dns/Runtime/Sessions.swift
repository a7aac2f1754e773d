import FoundationEssentials
import KubernetesViaKubectl
import NIOCore
import NIOPosix
import PluginConsole
import PluginSession
import Session
import SessionEffects

/// The sessions of this user on this machine: those that run, and those that were killed.
struct Sessions: Sendable {
    let folder: RuntimeFolder
    let console: Console

    /// The sessions that answer, the oldest first.
    func running() async -> [UpStatus] {
        var found: [UpStatus] = []
        for record in self.folder.records() { if let status = await self.status(of: record) { found.append(status) } }
        return found
    }

    /// The one session that a command is about.
    ///
    /// - Throws: ``PluginFailure`` when there is none, or more than one.
    func only(_ options: KubectlOptions) async throws -> UpStatus {
        let running = await self.running().filter { status in
            (options.namespace ?? status.record.namespace) == status.record.namespace
                && (options.context ?? status.record.context) == status.record.context
        }
        guard let first = running.first else {
            throw PluginFailure("tunnel-dns is not up", hint: "start it with `kubectl tunnel-dns up`")
        }
        guard running.count == 1 else {
            let places = running.map(\.record.place).joined(separator: ", ")
            throw PluginFailure("tunnel-dns is up more than once: \(places)", hint: "say which with -n or --context")
        }
        return first
    }

    /// What a session says; `nil` when it does not answer.
    func status(of record: UpRecord) async -> UpStatus? {
        let text = await ControlSocket.ask(
            .status, path: self.folder.socket(of: record.session), group: MultiThreadedEventLoopGroup.singleton)
        return text.flatMap { try? JSONDecoder().decode(UpStatus.self, from: Data($0.utf8)) }
    }

    /// Cleans up behind sessions that were killed: their gateways, and what they left on this machine.
    ///
    /// - Returns: How many there were, and the places in which something may be left.
    @discardableResult
    func recover(_ environment: [String: String]) async -> (recovered: Int, left: [String]) {
        var (recovered, left): (Int, [String]) = (0, [])
        for record in self.folder.records() where !self.isAlive(record) {
            guard await self.status(of: record) == nil, let holder = Holder(record.holder) else { continue }
            var environment = environment
            environment["KUBECONFIG"] = record.kubeconfigList
            do {
                try await Cluster.with(
                    record.options, environment: environment, directory: CommandRunner.directory
                ) { cluster in
                    let cleanup = GatewayCleanup(
                        client: cluster.client, namespace: record.namespace, names: GatewayNames(holder: holder),
                        session: holder.session)
                    try await cleanup.run()
                }
                self.folder.remove(record.session)
                self.console.notice("cleaned up what a session had left in \(record.place)")
                recovered += 1
            } catch {
                left.append(record.place)
                let reason = "\(error)"
                self.console.notice("note: could not clean up behind a session in \(record.place): \(reason)")
            }
        }
        return (recovered, left)
    }

    /// Whether the process of a record still runs, as far as its number says; one that does not answer may be starting.
    func isAlive(_ record: UpRecord) -> Bool {
        kill(record.pid, 0) == 0 && !self.isZombie(record.pid)
            && self.startTime(of: record.pid) <= record.startedAt + 1
    }

    /// Whether a process has ended, and only its parent has not heard of it yet (proc(5): the state stands behind the name).
    private func isZombie(_ pid: Int32) -> Bool {
        let stat = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        return stat.split(separator: ")").last?.drop { $0 == " " }.first == "Z"
    }

    /// When a process was started, in seconds since 1970; the distant past when that cannot be told.
    private func startTime(of pid: Int32) -> Double {
        let attributes = try? FileManager.default.attributesOfItem(atPath: "/proc/\(pid)")
        return (attributes?[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
    }
}
