import Kubernetes

/// What others do to the Service and the session's objects; the other side always wins.
extension LaptopSession {
    private func change(_ service: Service?) -> ServiceChange {
        ServiceChange(service, prepared: self.service, tunnel: self.tunnelID, plan: self.plan)
    }

    /// What a watch tells may be old: the session itself writes the Service, too.
    mutating func serviceSeen(_ service: Service?) -> [Order] {
        guard self.change(service) == .none else { return [.readService(writes: self.writes)] }
        if let service { self.writers.formUnion(Restore.writers(of: service)) }
        return []
    }

    mutating func serviceRead(_ read: ServiceRead) -> [Order] {
        // Looked at again when the watch begins again.
        guard case .read(let service) = read.service else { return [] }
        if let end = self.end(ifDeleted: service) { return self.begin(end) }
        guard read.writes == self.writes else { return [.readService(writes: self.writes)] }
        if self.isRestoredByColleague(service, read) { return self.switchAgain() }
        return self.end(of: service, lease: read.lease).map { self.begin($0) } ?? []
    }

    /// Whether another session of the tunnel has restored the Service, because its laptop lost the proxy: nobody else has
    /// written it since it last led there.
    private func isRestoredByColleague(_ service: Service?, _ read: ServiceRead) -> Bool {
        guard read.isShared, let service, case .unmarked = self.change(service),
            read.lease?.metadata.annotation(Key.state) != SessionState.terminating.rawValue
        else { return false }
        return service.selector == self.service.selector && Restore.writers(of: service).isSubset(of: self.writers)
    }

    /// This laptop has the proxy, and so has the Service.
    private mutating func switchAgain() -> [Order] {
        guard self.phase == .serving, self.isSwitched else { return [] }
        self.isSwitched = false
        self.servingPod = nil
        return self.comeBack()
    }

    private mutating func end(of service: Service?, lease: Lease?) -> End? {
        let name = "service/\(self.service.metadata.name)"
        func by(_ writer: String?) -> String { writer.map { " (\($0))" } ?? "" }
        switch self.change(service) {
        case .none, .deleted: return nil
        case .reselected(let writer):
            return .displaced("another client\(by(writer)) changed the selector of \(name): it was left as it is")
        case .portsChanged(let writer):
            self.isUnserved = true
            return .failed(
                Refusal(
                    "another client\(by(writer)) changed the ports of \(name): the intercept has ended",
                    hint: "start again to intercept it with its new ports"))
        case .unmarked(let writer):
            if let request = lease.flatMap(EndRequest.init) { return .requested(request) }
            let isOriginal = service?.selector == self.service.selector
            let isRestored =
                !self.isSwitched || self.servingPod == nil
                || lease?.metadata.annotation(Key.state) == SessionState.terminating.rawValue
            if isOriginal, isRestored { return nil }
            if isOriginal, lease?.isExpired == true {
                return .failed(Refusal("the session has ended: lease/\(self.lease) expired"))
            }
            if isOriginal, lease == nil {
                return .failed(Refusal("the session has ended: lease/\(self.lease) was deleted"))
            }
            return .displaced("another client\(by(writer)) replaced \(name): it was left as it is")
        }
    }

    /// A deleted Service takes everything along, and a quick garbage collector is heard of before it.
    mutating func inspected(_ loss: Loss, _ look: ServiceLook, originIsBack: Bool) -> [Order] {
        if case .read(let service) = look, let end = self.end(ifDeleted: service) { return self.begin(end) }
        switch loss {
        case .lease(let reason): return self.begin(.failed(Refusal("the session has ended: \(reason)")))
        case .object(let name):
            // Nobody can go on without it. Its deletion may be that of its owner, or its owner's.
            self.isUnserved = true
            let origin = "service/\(SessionNames(service: self.service.metadata.name).origin)"
            let cause = originIsBack ? origin : name
            return self.begin(.failed(Refusal("the session has ended: \(cause) was deleted")))
        }
    }

    /// The end of a session whose Service is gone, or another of the same name by now; `nil` while it is there.
    private func end(ifDeleted present: Service?) -> End? {
        let name = "service/\(self.service.metadata.name)"
        guard let present else { return .displaced("\(name) was deleted") }
        guard present.metadata.uid != self.service.metadata.uid else { return nil }
        return .displaced("\(name) was deleted and created again: the new one was left as it is")
    }
}
