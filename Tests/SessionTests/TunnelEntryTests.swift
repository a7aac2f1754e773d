import Kubernetes
import Requests
import Testing

@testable import Session

/// How a session gets into a tunnel, and what becomes of those that want the same.
@Suite struct TunnelEntryTests {
    static let holderB = Holder(user: "bob", host: "desk", session: sessionB)
    private static let names = SessionNames(service: "web")

    /// A Lease of the Service's.
    static func lease(
        _ holder: Holder, slot: Int = 0, tunnel: SessionID? = nil, ports: String = "80:3000", since: String = "1",
        uid: String = "u", _ more: [String: String] = [:]
    ) -> Lease {
        let annotations = [Key.ports: ports, Key.publicKey: "5a", Key.tunnel: (tunnel ?? holder.session).description]
        var lease = makeLease(renewed: "1", holder: holder, annotations: annotations.merging(more) { $1 })
        lease.metadata.name = self.names.lease(slot: slot)
        lease.metadata.labels = [Key.service: "web"]
        lease.metadata.creationTimestamp = since
        lease.metadata.uid = uid
        return lease
    }

    /// The origin Service of a tunnel.
    private func origin(_ tunnel: SessionID, endedBy ender: SessionID? = nil, version: String? = "5") -> Service {
        var annotations = [Key.session: tunnel.description]
        annotations[Key.endedBy] = ender?.description
        annotations[Key.version] = version
        return makeService(name: Self.names.origin, annotations: annotations)
    }

    private func step(
        _ leases: [Lease], _ origin: Service?, ports: Set<Int> = [9090], takesOver: Bool = false
    ) -> TunnelEntry.Step {
        TunnelEntry(holder: holderA, service: "web", wish: PortWish(ports: ports), takesOver: takesOver)
            .step(.init(leases: leases, origin: origin))
    }

    private let mine = TunnelEntryTests.lease(holderA, ports: "9090:3000")
    private let theirs = TunnelEntryTests.lease(TunnelEntryTests.holderB)

    @Test("the first session takes the first slot, and makes the tunnel")
    func first() {
        #expect(self.step([], nil) == .createLease(slot: 0, tunnel: sessionA))
        #expect(self.step([self.mine], nil) == .make)
    }

    @Test("a tunnel that lives is joined by the next free slot")
    func join() {
        let tunnel = self.origin(sessionB)
        #expect(self.step([self.theirs], tunnel) == .createLease(slot: 1, tunnel: sessionB))
        let joined = Self.lease(holderA, slot: 1, tunnel: sessionB, ports: "9090:3000")
        #expect(self.step([self.theirs, joined], tunnel) == .join(sessionB))
        // The maker has left, and its slot is free.
        let first = Self.lease(holderA, tunnel: sessionB, ports: "9090:3000")
        #expect(self.step([], tunnel) == .createLease(slot: 0, tunnel: sessionB))
        #expect(self.step([first], tunnel) == .join(sessionB))
    }

    @Test("what is being made or ended is waited for, and a Lease that came too late is none")
    func wait() {
        #expect(self.step([self.theirs], nil) == .wait)
        #expect(self.step([self.theirs], self.origin(sessionB, endedBy: sessionB)) == .wait)
        let late = Self.lease(holderA, slot: 1, tunnel: sessionB, ports: "9090:3000")
        #expect(self.step([self.theirs, late], self.origin(sessionB, endedBy: sessionB)) == .startOver)
        #expect(self.step([late], nil) == .startOver)
        // It was to make one, and another session was there first.
        #expect(self.step([self.mine], self.origin(sessionB)) == .startOver)
    }

    @Test("a port has one session: the established one, then the older Lease, then the lower uid")
    func ports() {
        let tunnel = self.origin(sessionB)
        #expect(self.step([self.theirs], tunnel, ports: [80]) == .taken(by: self.theirs))
        func mine(_ since: String, _ uid: String) -> Lease {
            Self.lease(holderA, slot: 1, tunnel: sessionB, since: since, uid: uid)
        }
        let second = mine("2", "a")
        #expect(self.step([self.theirs, second], tunnel, ports: [80]) == .taken(by: self.theirs))
        #expect(self.step([self.theirs, mine("1", "t")], tunnel, ports: [80]) == .join(sessionB))
        #expect(self.step([self.theirs, mine("1", "v")], tunnel, ports: [80]) == .taken(by: self.theirs))
        let established = Self.lease(Self.holderB, since: "3", [Key.state: "active"])
        #expect(self.step([established, second], tunnel, ports: [80]) == .taken(by: established))
        #expect(self.step([self.theirs, second], tunnel, ports: [80], takesOver: true) == .join(sessionB))
        for over in [Key.leaving: "true", Key.state: "expired", Key.handedOverBy: "bob"].map({ [$0.key: $0.value] }) {
            #expect(self.step([Self.lease(Self.holderB, over), second], tunnel, ports: [80]) == .join(sessionB))
        }
    }

    @Test(
        "sessions with different rules have a port beside each other, and beside a whole one; the same rule is one session's"
    )
    func rules() throws {
        let tunnel = self.origin(sessionB)
        func rule(_ word: String) throws -> RequestRule { try RequestRule([RequestCondition(.header, word)]) }
        func isTaken(_ theirs: RequestRule?, _ mine: RequestRule?) -> Bool {
            let lease = Self.lease(Self.holderB, theirs.map { [Key.rule: $0.text] } ?? [:])
            let entry = TunnelEntry(
                holder: holderA, service: "web", wish: PortWish(ports: [80], rule: mine), takesOver: false)
            return entry.step(.init(leases: [lease], origin: tunnel)) == .taken(by: lease)
        }
        let (alice, bob) = (try rule("x-user=alice"), try rule("x-user=bob"))
        #expect(try isTaken(alice, rule("X-User=alice")) && isTaken(nil, nil))
        #expect(!isTaken(alice, bob) && !isTaken(alice, nil) && !isTaken(nil, bob))
    }

    @Test("a mirror goes beside everything, and nobody is in its way", arguments: [nil, "x-user=bob"])
    func mirrors(word: String?) throws {
        let rule = try word.map { try RequestRule([RequestCondition(.header, $0)]) }
        func isTaken(_ theirs: [String: String], _ mine: PortWish) -> Bool {
            let lease = Self.lease(Self.holderB, theirs)
            let entry = TunnelEntry(holder: holderA, service: "web", wish: mine, takesOver: false)
            return entry.step(.init(leases: [lease], origin: self.origin(sessionB))) == .taken(by: lease)
        }
        let texts = rule.map { [Key.rule: $0.text] } ?? [:]
        let mirror = texts.merging([Key.mirror: "80:3000"]) { $1 }
        #expect(isTaken(texts, PortWish(ports: [80], rule: rule)))
        #expect(!isTaken(mirror, PortWish(ports: [80], rule: rule)))
        #expect(!isTaken(texts, PortWish(ports: [80], rule: rule, isMirror: true)))
        #expect(!isTaken(mirror, PortWish(ports: [80], rule: rule, isMirror: true)))
    }

    @Test("who cannot be joined is named, and why")
    func refusals() throws {
        func refusal(_ version: String?) -> String? {
            guard case .refuse(let refusal) = self.step([self.theirs], self.origin(sessionB, version: version)) else {
                return nil
            }
            return refusal.summary
        }
        #expect(refusal("5") == nil)
        #expect(
            refusal(nil)
                == "the tunnel of bob on desk on service/web takes no other session: it was made with --no-failsafe")
        #expect(refusal("2") == "the tunnel of bob on desk on service/web is of an older version than this plugin")
        #expect(refusal("6") == "the tunnel of bob on desk on service/web is of a newer version than this plugin")
        let all = (0..<SessionNames.slots).map { Self.lease(Self.holderB, slot: $0, tunnel: sessionB) }
        guard case .refuse(let full) = self.step(all, self.origin(sessionB)) else {
            Issue.record("not full")
            return
        }
        #expect(full.summary == "service/web has 64 sessions, and takes no more")
    }

    @Test("no two Services have a Lease's name in common")
    func names() {
        let services = ["web", "web-1", "web.1", String(repeating: "w", count: 63), String(repeating: "w", count: 62)]
        let leases = services.flatMap { SessionNames(service: $0).leases }
        #expect(Set(leases.filter { $0 != "tunnel-web.1" }).count >= leases.count - SessionNames.slots)
        #expect(Set(SessionNames(service: "web").leases).isDisjoint(with: SessionNames(service: "web-1").leases))
        #expect(SessionNames(service: "web").leases[1] == "tunnel-web.1")
    }
}
