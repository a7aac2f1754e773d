import Kubernetes
import KubernetesViaKubectl
import PluginConsole
import PluginSession
import Requests
import Session
import SessionEffects

extension InterceptSession {
    /// Says where the traffic goes now.
    func announce() {
        for (servicePort, localPort) in self.objects.plan.intercepted {
            self.report.event(
                self.objects.isMirror ? "mirroring" : "intercepting",
                self.words.begins(
                    at: servicePort, of: self.serviceName, to: self.request.address.with(port: localPort),
                    self.objects.rule),
                [
                    "service": .string(self.serviceName), "namespace": .string(self.namespace),
                    "port": .integer(Int64(servicePort)), "localPort": .integer(Int64(localPort)),
                    "session": .string(self.objects.holder.session.description),
                ].merging(self.objects.rule.map { ["rule": .string($0.text)] } ?? [:]) { $1 })
        }
        let (recorder, event, service) = (self.recorder, self.objects.switchEvent, self.objects.service)
        self.inBackground { await recorder.record(event, on: service) }
        self.report.event("ready", self.words.ready(isMaker: self.isMaker))
        if let port = self.objects.plan.intercepted.first?.servicePort {
            if let line = self.testLine(port: port) { self.report.event("test-it", line) }
        }
    }

    /// A request to the Service by way of the API server, which takes no pod to send it from; with a rule, one that meets it.
    private func testLine(port: Int) -> String? {
        if let rule = self.objects.rule {
            let line = CurlCommand.line(rule, host: "\(self.serviceName).\(self.namespace)", port: port)
            return line.map { "test it, from a pod or with kubectl tunnel-dns: \($0)" }
        }
        let pin = self.cluster.pin
        let flags = pin.typedFlags.map { ShellWord.quoted($0) + " " }.joined()
        return
            "test it: kubectl \(flags)get --raw /api/v1/namespaces/\(self.namespace)/services/\(self.serviceName):\(port)/proxy/"
    }
}
