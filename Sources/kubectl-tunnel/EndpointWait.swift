import Kubernetes
import PluginConsole
import Session
import SessionEffects

/// Waiting for what the endpoint controller knows of the proxy's pod.
struct EndpointWait: Sendable {
    let objects: SessionObjects
    let cleanup: SessionCleanup

    /// Waits until the endpoint controller counts the proxy's pod as ready: from then on a switch cannot be empty.
    ///
    /// - Parameter isSwitched: Whether another session has switched the Service: then nobody has to wait.
    func forWarmUp(
        of pod: String, within limit: Duration, unless isSwitched: () async throws -> Bool = { false }
    ) async throws {
        let warmUp = self.objects.names.warmUp
        var looks = 0
        try await self.wait(within: limit, for: pod, in: warmUp) {
            if try await self.cleanup.readyPods(of: warmUp, port: WarmUpCount.ready.rawValue).contains(pod) {
                return true
            }
            // As a rule nobody has, and the endpoints are quicker.
            looks += 1
            return looks.isMultiple(of: Self.looksBetween) ? try await isSwitched() : false
        }
    }

    private static let looksBetween = 5

    /// Waits until the Service's slices show the proxy's pod.
    func forSwitch(to pod: String, within limit: Duration) async throws {
        let service = self.objects.service.metadata.name
        try await self.wait(within: limit, for: pod, in: service) {
            try await self.cleanup.readyPods(of: service).contains(pod)
        }
    }

    /// Waits until the endpoint controller, which counts all of them, knows of no other pod of the session.
    ///
    /// That a list of pods has no other says nothing: a controller that lags behind gives an ended pod traffic (seen for
    /// 3.5 s after an API server's restart).
    func untilAlone(_ pod: String) async throws {
        let published = WarmUpCount.published.rawValue
        // One slice for each IP family has it.
        while try await Set(self.cleanup.readyPods(of: self.objects.names.warmUp, port: published)) != [pod] {
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    private func wait(
        within limit: Duration, for pod: String, in service: String, until isThere: () async throws -> Bool
    ) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        // As a rule it takes a tenth of a second; where it takes longer, asking often only loads the server.
        var pause = Duration.milliseconds(20)
        while try await !isThere() {
            guard clock.now < deadline else {
                throw PluginFailure("service/\(service) did not get pod/\(pod) as its endpoint within \(limit)")
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 1.5, .milliseconds(250))
        }
    }
}
