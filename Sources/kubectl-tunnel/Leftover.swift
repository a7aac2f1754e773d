import Kubernetes
import Session

/// What of one session is in a namespace, living or dead.
struct Leftover: Sendable {
    let service: String
    let tunnel: SessionID
    let session: SessionID
    /// The session's Lease; `nil` when it is gone, and with it the session.
    var lease: Lease?
    /// Whether a proxy answers for the session.
    var hasReadyProxy: Bool

    /// What the in-cluster side last said.
    var state: SessionState? { self.lease.flatMap(LeaseRecord.init)?.state }

    /// Whether the session is over for certain: its Lease is gone, or has run out before the in-cluster side's eyes.
    var isDead: Bool { self.lease == nil || self.state == .expired }

    /// As people say it.
    var holder: String {
        lease.flatMap { $0.holder?.person } ?? "session \(self.session)"
    }

    /// Finds what sessions have left, or still use.
    ///
    /// - Parameter service: One Service's only; `nil` for all of the namespace.
    static func find(
        _ client: KubernetesClient, in namespace: String, service: String?
    ) async throws(APIError) -> [Leftover] {
        let services = try await client.list(.services, in: namespace).items
        let leases = try await client.list(.leases, in: namespace, labels: Key.service).items
        let ready = Set(
            try await client.list(.pods, in: namespace, labels: Key.session).items
                .filter(\.isReady).compactMap { $0.metadata.labels?[Key.session] })
        var found: [String: Leftover] = [:]
        var tunnels: Set<String> = []
        func note(_ name: String, _ tunnel: SessionID, _ session: SessionID, _ lease: Lease?) {
            guard service == nil || service == name else { return }
            found["\(name)/\(session)"] = Leftover(
                service: name, tunnel: tunnel, session: session, lease: lease,
                hasReadyProxy: ready.contains(tunnel.description))
        }
        for lease in leases {
            guard let record = LeaseRecord(lease) else { continue }
            note(record.service, record.tunnel, record.holder.session, lease)
            tunnels.insert("\(record.service)/\(record.tunnel)")
        }
        /// What a tunnel has is its sessions'; that of one without any is a leftover by itself.
        func note(_ name: String, tunnel: SessionID) {
            if !tunnels.contains("\(name)/\(tunnel)") { note(name, tunnel, tunnel, nil) }
        }
        // The account is the last that a session deletes; a user who may not see accounts created none.
        let accounts = (try? await client.list(.serviceAccounts, in: namespace, labels: Key.session).items) ?? []
        for metadata in accounts.map(\.metadata) + services.map(\.metadata) {
            let labels = metadata.labels ?? [:]
            guard let name = labels[Key.service], let tunnel = labels[Key.session].flatMap(SessionID.init) else {
                continue
            }
            note(name, tunnel: tunnel)
        }
        for service in services {
            if let tunnel = service.markedTunnel { note(service.metadata.name, tunnel: tunnel) }
        }
        return found.values.sorted { ($0.service, $0.session.description) < ($1.service, $1.session.description) }
    }
}
