import Kubernetes
import Session
import Testing

@Suite struct ServiceEventTests {
    @Test("an Event on the Service has what events.k8s.io/v1 requires")
    func required() {
        let event = ServiceEvent.restored(.expired(holder: "alice on laptop")).object(
            on: makeService().metadata, namespace: "shop", time: "2026-01-01T00:00:00.000000Z", suffix: "1f")
        #expect(event["metadata"]?["name"] == "web.1f")
        #expect(event["regarding"]?["uid"] == "uid-1")
        #expect(event["eventTime"] == "2026-01-01T00:00:00.000000Z")
        #expect(event["reason"] == "TunnelExpired")
        #expect(event["type"] == "Warning")
        for member in ["action", "reportingController", "reportingInstance", "note"] { #expect(event[member] != nil) }
    }

    @Test("a person's wish is told as theirs")
    func wishes() {
        let event = ServiceEvent.restored(EndRequest.takeOver(by: "bob on desk").cause).object(
            on: makeService().metadata, namespace: "shop", time: "", suffix: "1")
        #expect(event["reason"] == "TunnelTakenOver")
        #expect(event["note"]?.text?.contains("bob on desk") == true)
    }
}
