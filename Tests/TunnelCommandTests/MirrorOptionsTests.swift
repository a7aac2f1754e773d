import ArgumentParser
import Foundation
import InMemoryAPI
import Kubernetes
import PluginConsole
import Requests
import Session
import Testing

@testable import kubectl_tunnel

/// The words of a mirror, and what its user reads.
@Suite struct MirrorOptionsTests {
    @Test("a mirror has the flags of an intercept, but for those that take something from others")
    func flags() async throws {
        let command = try await MirrorCommand.asyncParse([
            "web", "--port", "8080:http", "--header", "x-user=alice", "-v",
        ])
        let request = try command.options.request(for: command.service, command.pod, [:])
        #expect(request.ports == [PortRequest("8080:http")] && !request.takesOver && request.command.isEmpty)
        #expect(try command.rule.rule(user: "a")?.text == "header:x-user=alice" && command.running.verbose)
        for flag in ["--take-over", "--dns"] {
            await #expect(throws: (any Error).self) {
                try await MirrorCommand.asyncParse(["web", "--port", "8080", flag])
            }
        }
        await #expect(throws: (any Error).self) { try await MirrorCommand.asyncParse(["web"]) }
        let intercept = try await InterceptCommand.asyncParse(["web", "--port", "8080", "--take-over", "--no-wait"])
        #expect(intercept.options.takeOver && !intercept.options.session.wait)
    }

    @Test("what is told fits what it is, and a line of a terminal")
    func words() throws {
        let (mirror, intercept) = (SessionWords(isMirror: true), SessionWords(isMirror: false))
        let rule = try RequestRule([RequestCondition(.header, "x-user=alice")])
        func begins(_ words: SessionWords, _ rule: RequestRule?) -> String {
            words.begins(at: 80, of: "web", to: "127.0.0.1:8080", rule)
        }
        #expect(begins(mirror, nil) == "copies of new connections to service/web port 80 now come to 127.0.0.1:8080")
        #expect(
            begins(mirror, rule)
                == "copies of requests to service/web port 80 now come to 127.0.0.1:8080: requests with header:x-user=alice"
        )
        #expect(begins(intercept, nil) == "service/web port 80 now comes to 127.0.0.1:8080")
        #expect(mirror.ready(isMaker: true).count <= 80)
    }

    @Test("what was lost is told by its reasons, and unknown ones are not")
    func lost() {
        #expect(SessionWords.text(lost: [:]) == nil)
        #expect(SessionWords.text(lost: ["full": 0, "other": 7]) == nil)
        #expect(
            SessionWords.text(lost: ["full": 10, "refused": 2])
                == "12 dropped: 10 came faster than they were taken here, 2 were not taken by your process, or ended by it"
        )
    }

    @Test("the list says which sessions are mirrors, and what they did not get")
    func list() throws {
        func row(_ annotations: [String: String]) throws -> SessionList.Row {
            let lease = Lease(
                metadata: ObjectMeta(
                    name: "tunnel-web", namespace: "shop", labels: [Key.service: "web"], annotations: annotations),
                spec: Lease.Spec(
                    holderIdentity: "alice/laptop/aaaaaaaaaa", leaseDurationSeconds: 30, acquireTime: nil,
                    renewTime: nil))
            return SessionList.Row(try #require(LeaseRecord(lease)), state: "active")
        }
        let all = try row([Key.mirror: "80:8080", Key.traffic: "5 100 0 2"])
        let some = try row([Key.mirror: "80:8080", Key.rule: "header:x-user=alice"])
        let whole = try row([Key.ports: "80:3000", Key.traffic: "5 100 7"])
        let table = SessionList.text([all, some, whole], .table, showsNamespace: false)
        #expect(table.contains("copies of all (2 dropped)") && table.contains("80:8080"), "\(table)")
        #expect(table.contains("copies of header:x-user=alice\n"), "\(table)")
        #expect(!SessionList.text([whole], .table, showsNamespace: false).contains("REQUESTS"))
        let json = SessionList.text([all, whole], .json, showsNamespace: false)
        #expect(json.contains(#""droppedCopies":2"#) && json.contains(#""mirror":true"#), "\(json)")
        #expect(json.components(separatedBy: "mirror").count == 2, "\(json)")
    }
}
