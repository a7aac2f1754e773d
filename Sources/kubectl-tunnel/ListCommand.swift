import ArgumentParser
import FoundationEssentials
import Kubernetes
import KubernetesViaKubectl
import PluginConsole
import PluginSession
import Requests
import Session

/// `kubectl tunnel list`.
struct ListCommand: AsyncParsableCommand {
    /// How the list is printed.
    enum Output: String, ExpressibleByArgument, CaseIterable {
        case table
        case wide
        case json
        case yaml
        case name
    }

    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show who intercepts what, from where, and since when.",
        usage: "kubectl tunnel list [<options>]",
        discussion: """
            starting: nothing is switched yet. active: traffic goes to the laptop. local-down: it goes to the original \
            pods, since the local process does not answer. passing-through: the same, since the laptop does not. switched: the Service leads to a proxy that may not say \
            more (--no-failsafe). draining: it is over, and connections still pass through its proxy. expired, terminating: it ends. uncertain, broken, malformed: see `kubectl tunnel doctor`. \
            unknown: no proxy is ready. A mirror gets copies, which the original pods or others answer, and drops what its process does not \
            take.
            """)

    @Flag(name: [.customShort("A"), .long], help: "All namespaces.")
    var allNamespaces = false

    @Option(name: .shortAndLong, help: "How to print it.")
    var output = Output.table

    @OptionGroup(title: "Cluster")
    var cluster: ClusterOptions

    func run() async throws {
        try await CommandRunner.run(on: self.cluster.kubectl) { cluster, console, _ in
            let namespace = self.allNamespaces ? nil : cluster.pin.namespace
            let rows = try await SessionList.read(client: cluster.client, namespace: namespace)
            if rows.isEmpty, self.output == .table || self.output == .wide {
                console.notice(namespace.map { "No tunnels in namespace \($0)." } ?? "No tunnels in the cluster.")
            } else {
                console.result(SessionList.text(rows, self.output, showsNamespace: self.allNamespaces))
            }
        }
    }
}

/// The sessions of a namespace, from the cluster: a colleague sees the same.
enum SessionList {
    /// A session and how it is.
    struct Row: Sendable {
        var namespace: String
        var service: String
        var ports: String
        /// The rule's text; `nil` for whole connections.
        var rule: String?
        var isMirror = false
        var user: String
        var host: String
        var session: String
        var since: String?
        var traffic: SessionTraffic?
        var state: String

        var ageSeconds: Int {
            self.since.flatMap(MicroTime.date(from:)).map { Int(Date.now.timeIntervalSince($0)) } ?? 0
        }

        init(_ record: LeaseRecord, state: String) {
            (self.namespace, self.service, self.ports) = (record.namespace, record.service, record.ports)
            (self.user, self.host) = (record.holder.user, record.holder.host)
            (self.session, self.since) = (record.holder.session.description, record.since)
            self.traffic = record.traffic
            // A Lease may say anything.
            self.rule = record.rule.map { (try? RequestRule(text: $0))?.text ?? "unreadable" }
            self.isMirror = record.isMirror
            self.state = state
        }

        /// Which requests come to it, for people.
        var requests: String {
            let what = self.rule ?? "all"
            guard self.isMirror else { return what }
            let lost = self.traffic?.lost ?? 0
            return "copies of \(what)" + (lost > 0 ? " (\(lost) dropped)" : "")
        }

        /// A Lease whose holder cannot be read; `nil` for every other.
        init?(malformed lease: Lease) {
            guard let holder = lease.malformedHolder, let service = lease.metadata.labels?[Key.service] else {
                return nil
            }
            (self.namespace, self.service) = (lease.metadata.namespace ?? "", service)
            self.ports = lease.metadata.annotation(Key.ports) ?? ""
            (self.user, self.host, self.session) = (holder, "", "")
            self.since = lease.metadata.creationTimestamp
            self.state = "malformed"
        }
    }

    /// Reads Leases, proxy pods and Services; the latter two only tell the state.
    ///
    /// Without a ready proxy the state is not known; a Service that is switched all the same is broken.
    static func read(client: KubernetesClient, namespace: String?) async throws -> [Row] {
        do {
            async let leases = client.list(.leases, in: namespace, labels: Key.session)
            async let pods = client.list(.pods, in: namespace, labels: "\(Key.session),\(Key.component)=proxy")
            async let services = client.list(.services, in: namespace)
            // A session's own Services carry its mark, too, and are told apart by their label.
            let switched = Set(
                try await services.items.filter { $0.metadata.labels?[Key.session] == nil }
                    .compactMap { $0.metadata.annotation(Key.session) })
            let ready = Set(
                try await pods.items.filter(\.isReady).compactMap { $0.metadata.labels?[Key.session] })
            return try await leases.items.compactMap { lease in
                guard let record = LeaseRecord(lease) else { return Row(malformed: lease) }
                let tunnel = record.tunnel.description
                let state =
                    if ready.contains(tunnel), lease.isHandedOver {
                        "draining"
                    } else if ready.contains(tunnel) {
                        // A proxy without an account (--no-failsafe) cannot say anything.
                        Self.state(record.state, isSwitched: switched.contains(tunnel))
                    } else {
                        switched.contains(tunnel) ? "broken" : "unknown"
                    }
                return Row(record, state: state)
            }.sorted {
                ($0.namespace, $0.service, $0.since ?? "", $0.session) < (
                    $1.namespace, $1.service, $1.since ?? "", $1.session
                )
            }
        } catch let error as APIError {
            throw PluginFailure(error, action: "list tunnels")
        }
    }

    /// The state of a session whose proxy is ready.
    static func state(_ state: SessionState?, isSwitched: Bool) -> String {
        switch state {
        case .active where !isSwitched: "starting"
        case nil: isSwitched ? "switched" : "starting"
        case let state?: state.rawValue
        }
    }

    /// The list as text, without a newline at the end.
    static func text(_ rows: [Row], _ output: ListCommand.Output, showsNamespace: Bool) -> String {
        switch output {
        case .table, .wide:
            var headings = ["SERVICE", "PORTS", "USER", "HOST", "AGE", "STATE"]
            // Most often nobody has a rule.
            let showsRules = output == .wide || rows.contains { $0.rule != nil || $0.isMirror }
            if showsRules { headings.append("REQUESTS") }
            if showsNamespace { headings.insert("NAMESPACE", at: 0) }
            if output == .wide { headings += ["CONNECTIONS", "RECEIVED", "SENT", "SESSION"] }
            var table = Table(headings)
            for row in rows {
                var cells = [
                    row.service, row.ports.replacing(" ", with: ","), row.user, row.host,
                    Age.text(seconds: row.ageSeconds), row.state,
                ]
                if showsRules { cells.append(row.requests) }
                if showsNamespace { cells.insert(row.namespace, at: 0) }
                if output == .wide {
                    let bytes = row.traffic.map { [$0.received, $0.sent].map(SessionTraffic.text(bytes:)) }
                    cells += ["\(row.traffic?.connections ?? 0)"] + (bytes ?? ["-", "-"]) + [row.session]
                }
                table.append(cells)
            }
            return table.text
        case .name:
            return rows.map { "service/\($0.service)" }.joined(separator: "\n")
        case .json: return Self.value(rows).canonicalText
        case .yaml: return String(Self.value(rows).yaml.dropLast())
        }
    }

    private static func value(_ rows: [Row]) -> JSONValue {
        .array(
            rows.map { row in
                var members: [String: JSONValue] = [
                    "namespace": .string(row.namespace), "service": .string(row.service),
                    "ports": .string(row.ports), "user": .string(row.user),
                    "host": .string(row.host),
                    "session": .string(row.session),
                    "since": .string(row.since ?? ""), "ageSeconds": .integer(Int64(row.ageSeconds)),
                    "state": .string(row.state),
                ]
                if let rule = row.rule { members["rule"] = .string(rule) }
                if row.isMirror { members["mirror"] = true }
                if let traffic = row.traffic {
                    if row.isMirror { members["droppedCopies"] = .integer(Int64(traffic.lost)) }
                    members["connections"] = .integer(Int64(traffic.connections))
                    members["receivedBytes"] = .integer(Int64(traffic.received))
                    members["sentBytes"] = .integer(Int64(traffic.sent))
                }
                return .object(members)
            })
    }
}
