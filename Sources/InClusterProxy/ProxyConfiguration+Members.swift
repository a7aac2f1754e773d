import Session
import Tunnel

extension ProxyConfiguration {
    /// The session that made the tunnel.
    func maker(_ holder: Holder) -> TunnelMember {
        let ports = self.mirrored ?? self.listeners.filter { $0.localPort != nil }.flatMap(\.servicePorts)
        return TunnelMember(
            holder: holder, lease: SessionNames(service: self.service).lease(slot: 0), publicKey: self.publicKey,
            ports: Set(ports), rule: self.rule, tellsCaller: self.tellsCaller, isMirror: self.mirrored != nil)
    }

    /// Sessions as the pod's end knows them; one without a key that could be one is none.
    func podSessions(_ members: [TunnelMember]) -> [PodSession] {
        members.compactMap { member in
            guard let key = TunnelPublicKey(hex: member.publicKey) else { return nil }
            let mine = self.listeners.filter { !member.ports.isDisjoint(with: $0.servicePorts) }
            return PodSession(
                id: member.holder.session.description, key: key, routes: Set(mine.map { $0.route(of: self.service) }),
                rule: member.rule, tellsCaller: member.tellsCaller, isMirror: member.isMirror)
        }
    }
}
