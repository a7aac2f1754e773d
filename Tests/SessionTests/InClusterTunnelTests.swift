import Kubernetes
import Requests
import Testing

@testable import Session

/// The in-cluster side of several sessions: who leaves, and when the tunnel ends.
@Suite struct InClusterTunnelTests {
    private typealias Order = InClusterTunnel.Order

    private let maker = TunnelMember(holder: holderA, lease: "tunnel-web", publicKey: "5a", ports: [80])
    private let leaseA = TunnelEntryTests.lease(holderA)
    private let leaseB = TunnelEntryTests.lease(
        TunnelEntryTests.holderB, slot: 1, tunnel: sessionA, ports: "9090:3000", since: "2")

    /// What is ordered, in words.
    private func words(_ orders: [Order]) -> [String] {
        orders.map { order in
            switch order {
            case .use(let members):
                "use "
                    + members.map { "\($0.holder.user)\($0.ports.sorted())" }.joined(separator: " ")
            case .write(let state, let member): "\(member.holder.user) \(state.rawValue)"
            case .leave(let member, let reason, _): "\(member.holder.user) leaves: \(reason)"
            case .end(let member, let reason, _): "end by \(member.holder.user): \(reason)"
            case .takeMarkBack(let session): "take back \(session)"
            case .restoreAndDrain: "restore"
            case .exit: "exit"
            }
        }
    }

    private func tunnel(_ leases: [Lease]) -> InClusterTunnel {
        var tunnel = InClusterTunnel(self.maker, durationSeconds: 30, key: "cd")
        _ = tunnel.handle(.leasesRead(leases), now: .zero)
        return tunnel
    }

    @Test("a proxy whose laptop has another one has no say any more; one that never had a laptop has")
    func superseded() {
        func lease(_ key: String) -> Lease {
            var lease = self.leaseA
            lease.metadata.annotations?[Key.proxyKey] = key
            return lease
        }
        var tunnel = self.tunnel([lease("ab")])
        #expect(!tunnel.isSuperseded(by: [lease("ab")]))
        _ = tunnel.handle(.leasesRead([lease("cd")]), now: .zero)
        #expect(!tunnel.isSuperseded(by: [lease("cd"), self.leaseB]))
        #expect(tunnel.isSuperseded(by: [self.leaseB, lease("ab")]))
    }

    @Test("a session that has joined is used, and one that leaves changes nothing for the others")
    func joinAndLeave() {
        var tunnel = self.tunnel([self.leaseA])
        #expect(
            self.words(tunnel.handle(.leasesRead([self.leaseA, self.leaseB]), now: .zero)) == [
                "use alice[80] bob[9090]"
            ])
        #expect(self.words(tunnel.handle(.session(sessionB, .linkUp), now: .zero)) == ["bob active"])
        #expect(
            self.words(tunnel.handle(.leasesRead([self.leaseB]), now: .seconds(1)))
                == ["use bob[9090] alice[]", "alice leaves: leaseDeleted"])
        #expect(self.words(tunnel.handle(.left(sessionA), now: .seconds(2))) == ["use bob[9090]"])
        // The last one ends it.
        #expect(self.words(tunnel.handle(.leasesRead([]), now: .seconds(3))) == ["end by bob: leaseDeleted"])
    }

    @Test("a pod that is started again finds the others, although the maker has left")
    func restarted() {
        var tunnel = InClusterTunnel(self.maker, durationSeconds: 30, key: "cd")
        let orders = self.words(tunnel.handle(.leasesRead([self.leaseB]), now: .zero))
        #expect(orders.contains("alice leaves: leaseDeleted") && !orders.contains { $0.hasPrefix("end") }, "\(orders)")
    }

    @Test("who is not heard of leaves; with the last one the tunnel ends")
    func expiry() {
        var tunnel = self.tunnel([self.leaseA, self.leaseB])
        var seen: [String] = []
        for second in 1...31 {
            var renewed = self.leaseA
            renewed.spec.renewTime = "\(second)"
            seen += self.words(tunnel.handle(.leasesRead([renewed, self.leaseB]), now: .seconds(second)))
        }
        #expect(seen.filter { !$0.hasPrefix("use") } == ["bob expired", "bob leaves: expired"])
        _ = tunnel.handle(.left(sessionB), now: .seconds(31))
        seen = []
        for second in 32...62 {
            seen += self.words(tunnel.handle(.leasesRead([self.leaseA]), now: .seconds(second)))
        }
        #expect(seen.suffix(2) == ["alice expired", "end by alice: expired"])
    }

    @Test("both at once leave: the tunnel ends with the second")
    func bothAtOnce() {
        var tunnel = self.tunnel([self.leaseA, self.leaseB])
        let orders = self.words(tunnel.handle(.leasesRead([]), now: .zero))
        #expect(orders.count { $0.hasSuffix("leaves: leaseDeleted") } == 1)
        #expect(orders.count { $0.hasPrefix("end") } == 1)
    }

    @Test("who came before the mark is found by the next read, and the tunnel goes on")
    func othersCame() {
        var tunnel = self.tunnel([self.leaseA])
        #expect(self.words(tunnel.handle(.leasesRead([]), now: .zero)) == ["end by alice: leaseDeleted"])
        #expect(tunnel.handle(.othersCame, now: .zero).isEmpty)
        let orders = self.words(tunnel.handle(.leasesRead([self.leaseB]), now: .zero))
        #expect(orders == ["use alice[] bob[9090]", "alice leaves: leaseDeleted"])
        // They have gone again: nobody is left.
        var gone = self.tunnel([self.leaseA])
        _ = gone.handle(.leasesRead([]), now: .zero)
        _ = gone.handle(.othersCame, now: .zero)
        #expect(self.words(gone.handle(.leasesRead([]), now: .zero)) == ["end by alice: leaseDeleted"])
    }

    @Test("a port that two want stays with the one that has it, whatever the Leases' ages say")
    func established() {
        let younger = TunnelEntryTests.lease(
            TunnelEntryTests.holderB, slot: 1, tunnel: sessionA, ports: "80:1", since: "0")
        var tunnel = self.tunnel([self.leaseA])
        _ = tunnel.handle(.session(sessionA, .linkUp), now: .zero)
        _ = tunnel.handle(.leasesRead([self.leaseA, younger]), now: .zero)
        #expect(tunnel.rival(of: sessionA) == nil)
        #expect(tunnel.rival(of: sessionB)?.holder == holderA)
        // It is told, and does not become one that has it.
        #expect(tunnel.handle(.session(sessionB, .linkUp), now: .zero).isEmpty)
        // Who leaves has no port any more.
        let leaving = TunnelEntryTests.lease(holderA, [Key.leaving: "true"])
        #expect(self.words(tunnel.handle(.leasesRead([leaving, younger]), now: .zero)).contains("use alice[] bob[80]"))
        #expect(tunnel.rival(of: sessionB) == nil)
    }

    @Test("told to end, the pod says so to everybody before it restores, once")
    func termination() {
        var tunnel = self.tunnel([self.leaseA, self.leaseB])
        let orders = self.words(tunnel.handle(.terminationRequested, now: .zero))
        #expect(Set(orders.prefix(2)) == ["alice terminating", "bob terminating"])
        #expect(orders.dropFirst(2) == ["restore"])
    }

    @Test("told to end while the last session ends, the pod restores all the same when others have come")
    func terminatedWhileEnding() {
        var tunnel = self.tunnel([self.leaseA])
        #expect(self.words(tunnel.handle(.leasesRead([]), now: .zero)) == ["end by alice: leaseDeleted"])
        #expect(tunnel.handle(.terminationRequested, now: .zero).isEmpty)
        _ = tunnel.handle(.othersCame, now: .zero)
        #expect(self.words(tunnel.handle(.terminationRequested, now: .zero)) == ["restore"])
    }

    @Test("one who has come while the last session ends, and is stopped at once, does not take its end away")
    func stoppedWhileEnding() {
        var tunnel = self.tunnel([self.leaseA])
        _ = tunnel.handle(.leasesRead([]), now: .zero)
        _ = tunnel.handle(.othersCame, now: .zero)
        var stopped = self.leaseB
        stopped.metadata.annotations?[Key.stopRequestedBy] = "carol"
        let orders = self.words(tunnel.handle(.leasesRead([stopped]), now: .zero))
        #expect(orders.contains { $0.hasPrefix("bob leaves") }, "\(orders)")
        #expect(orders.contains("end by alice: leaseDeleted"), "\(orders)")
    }

    @Test("a session that has come again in another slot is the same one, and who has its slot is not")
    func otherSlot() {
        var tunnel = self.tunnel([self.leaseA, self.leaseB])
        let moved = TunnelEntryTests.lease(
            TunnelEntryTests.holderB, slot: 2, tunnel: sessionA, ports: "9090:3000", since: "2")
        let carol = TunnelEntryTests.lease(
            Holder(user: "carol", host: "desk", session: SessionID("cccccccccc")!), slot: 1, tunnel: sessionA,
            ports: "70:1", since: "3")
        let orders = self.words(tunnel.handle(.leasesRead([self.leaseA, moved, carol]), now: .zero))
        #expect(orders == ["use alice[80] bob[9090] carol[70]"])
        #expect(tunnel.current.map(\.lease) == ["tunnel-web", "tunnel-web.2", "tunnel-web.1"])
    }

    @Test("a mark of one who died before the end is taken back; of one who is there it is not")
    func mark() {
        func origin(_ ender: SessionID) -> Service {
            makeService(name: "o", annotations: [Key.session: "\(sessionA)", Key.endedBy: "\(ender)"])
        }
        var tunnel = self.tunnel([self.leaseA])
        #expect(tunnel.handle(.originRead(origin(sessionA)), now: .zero).isEmpty)
        #expect(self.words(tunnel.handle(.originRead(origin(sessionB)), now: .zero)) == ["take back bbbbbbbbbb"])
        var unread = InClusterTunnel(self.maker, durationSeconds: 30, key: "cd")
        #expect(unread.handle(.originRead(origin(sessionB)), now: .zero).isEmpty)
    }

    @Test("a mirror rivals nobody, has the ports that it names, and is a session like any")
    func mirrors() {
        func mirror(_ holder: Holder, _ slot: Int) -> Lease {
            var lease = TunnelEntryTests.lease(
                holder, slot: slot, tunnel: sessionA, since: "2", [Key.mirror: "80:3000"])
            lease.metadata.annotations?[Key.ports] = nil
            return lease
        }
        let third = SessionID("cccccccccc")!
        let carol = Holder(user: "carol", host: "desk", session: third)
        var tunnel = self.tunnel([self.leaseA, mirror(TunnelEntryTests.holderB, 1), mirror(carol, 2)])
        #expect(tunnel.current.map(\.isMirror) == [false, true, true])
        #expect(tunnel.current.allSatisfy { $0.ports == [80] })
        for session in [sessionA, sessionB, third] { #expect(tunnel.rival(of: session) == nil) }
        #expect(self.words(tunnel.handle(.session(third, .linkUp), now: .zero)) == ["carol active"])
        // The tunnel is a mirror's, too, when the others have left.
        _ = tunnel.handle(.leasesRead([mirror(carol, 2)]), now: .seconds(1))
        _ = tunnel.handle(.left(sessionA), now: .seconds(1))
        _ = tunnel.handle(.left(sessionB), now: .seconds(1))
        #expect(tunnel.current.map(\.holder) == [carol] && tunnel.isAlone)
        #expect(self.words(tunnel.handle(.leasesRead([]), now: .seconds(2))) == ["end by carol: leaseDeleted"])
    }

    @Test("a rule does not rival whole connections, and one that cannot be read is met by nothing")
    func rules() {
        var tunnel = self.tunnel([self.leaseA])
        func lease(_ rule: String) -> Lease {
            TunnelEntryTests.lease(
                TunnelEntryTests.holderB, slot: 1, tunnel: sessionA, since: "2", [Key.rule: rule])
        }
        var orders = self.words(tunnel.handle(.leasesRead([self.leaseA, lease("header:x-user=bob")]), now: .zero))
        #expect(orders == ["use alice[80] bob[80]"])
        #expect(tunnel.rival(of: sessionB) == nil && tunnel.current[1].rule?.text == "header:x-user=bob")
        #expect(tunnel.current[1].tellsCaller)
        var silent = lease("header:x-user=bob")
        silent.metadata.annotations?[Key.noForwardedHeaders] = "true"
        #expect(TunnelMember(silent)?.tellsCaller == false)
        var other = self.tunnel([self.leaseA])
        orders = self.words(other.handle(.leasesRead([self.leaseA, lease("colour:blue")]), now: .zero))
        #expect(orders == ["use alice[80] bob[]"])
    }

    @Test("Leases of another tunnel, and those without a key, are nobody's")
    func strangers() {
        var tunnel = self.tunnel([self.leaseA])
        let other = TunnelEntryTests.lease(TunnelEntryTests.holderB, slot: 1)
        var keyless = self.leaseB
        keyless.metadata.annotations?[Key.publicKey] = nil
        #expect(tunnel.handle(.leasesRead([self.leaseA, other]), now: .zero).isEmpty)
        #expect(tunnel.handle(.leasesRead([self.leaseA, keyless]), now: .zero).isEmpty)
    }
}
