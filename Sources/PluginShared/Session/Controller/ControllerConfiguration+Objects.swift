public import Kubernetes
import Requests

extension ControllerConfiguration {
    /// A session's objects from what is in the cluster: the Lease says which Service and ports, and everything else is the
    /// admin's. Nothing is remembered, so that a controller that was restarted continues where the last one ended.
    ///
    /// - Parameters:
    ///   - service: The Service as it was just read.
    ///   - origin: The origin Service; `nil` while there is none.
    /// - Throws: ``Refusal`` when the Lease asks for what may not be, or the Service is not as the session found it.
    public func objects(
        for lease: Lease, service: Service, origin: Service?, on version: ServerVersion
    ) throws(Refusal) -> SessionObjects {
        let name = "service/\(service.metadata.name)"
        let names = SessionNames(service: service.metadata.name)
        guard lease.metadata.annotation(Key.version) == SessionObjects.protocolVersion else {
            throw Refusal(
                "the controller in namespace \(self.namespace) is of another version",
                hint: "ask an admin to run `kubectl tunnel install --controller` of the same version as yours")
        }
        guard let record = LeaseRecord(lease), names.leases.contains(lease.metadata.name),
            record.service == service.metadata.name, let seconds = lease.spec.leaseDurationSeconds,
            LeaseClock.durations.contains(seconds),
            let publicKey = lease.metadata.annotation(Key.publicKey)
        else { throw Refusal("lease/\(lease.metadata.name) is not that of a session of \(name)") }
        try self.check(service.metadata.name)
        guard lease.metadata.annotation(Key.serviceUID) == service.metadata.uid else {
            throw Refusal("\(name) was deleted and created again", hint: "start again")
        }
        if let other = service.markedTunnel, other != record.tunnel {
            throw Refusal(
                "\(name) is still switched, by a session that is dead",
                hint: "ask a user who may: `kubectl tunnel restore \(service.metadata.name)`")
        }
        let found = service.found(by: record.tunnel, origin: origin)
        if let refusal = Preflight.check(found).refusal(force: false) { throw refusal }
        let requests = record.ports.split(separator: " ").compactMap(PortRequest.init(summary:))
        let plan = try PortPlan(found, requests, allowLowPorts: version.isAtLeast(minor: 22))
        guard plan.summary == record.ports, !requests.isEmpty else {
            throw Refusal(
                "another client changed the ports of \(name) while the intercept was set up", hint: "start again")
        }
        var objects = SessionObjects(
            service: found, namespace: self.namespace, holder: record.holder, publicKey: publicKey,
            image: self.image, imagePullSecret: self.imagePullSecret, leaseDurationSeconds: seconds, plan: plan,
            failsafe: .installedAccount, usesBetaSlices: !version.isAtLeast(minor: 21), grantsEvents: false)
        if let text = record.rule {
            do throws(RequestRuleError) {
                objects.rule = try RequestRule(text: text)
            } catch {
                throw Refusal(error.summary, hint: error.hint)
            }
        }
        objects.tellsCaller = lease.tellsCaller
        objects.isMirror = record.isMirror
        objects.tunnel = record.tunnel
        objects.slot = names.leases.firstIndex(of: lease.metadata.name) ?? 0
        return objects
    }

    /// Whether a Service is among those that may be intercepted.
    ///
    /// - Throws: ``Refusal`` when it is not.
    public func check(_ service: String) throws(Refusal) {
        guard let services, !services.contains(service) else { return }
        throw Refusal(
            "service/\(service) is not among those that may be intercepted here: \(services.joined(separator: ", "))",
            hint: "ask an admin to add it: `kubectl tunnel install --controller --services …`")
    }
}

extension PortRequest {
    /// Reads one of ``PortPlan/summary``'s parts: the Service's port, then the laptop's.
    fileprivate init?(summary: Substring) {
        let parts = summary.split(separator: ":")
        guard parts.count == 2 else { return nil }
        self.init("\(parts[1]):\(parts[0])")
    }
}
