import Kubernetes
import PluginConsole
import PluginSession
import Session

extension InterceptPreflight {
    /// Whether this user may do what an intercept takes, or a controller does it for them.
    func look(atRights isControlled: inout Bool) async throws -> [Finding] {
        let check = "rights"
        var needed = Rights.intercept
        var missing = try await self.rights.missing(of: needed)
        if !missing.isEmpty {
            switch try await self.rights.controller() {
            case .none: break
            case .notReady:
                return [
                    .error(
                        check,
                        PluginFailure(
                            "the controller in namespace \(self.namespace) is not ready",
                            hint:
                                "ask an admin: `kubectl describe pods -n \(self.namespace) -l \(ControllerInstallation.podLabels)`"
                        ))
                ]
            case .ready:
                isControlled = true
                needed = Rights.controlledIntercept
                missing = try await self.rights.missing(of: needed)
            }
        }
        if !missing.isEmpty { return [.error(check, self.rights.failure(missing))] }
        let way = isControlled ? "an intercept by the controller takes" : "an intercept takes"
        var findings = [Finding.ok(check, "all \(needed.count) that \(way)")]
        if isControlled, self.wantsNetworkPolicy {
            findings.append(
                .error(
                    check,
                    PluginFailure(
                        "the controller in namespace \(self.namespace) makes no NetworkPolicy",
                        hint: "ask an admin to let the proxy's pods through, and go on without --network-policy")))
        }
        return findings
    }

    /// Who restores the Service when this machine is gone.
    func look(atFailsafe failsafe: inout SessionObjects.Failsafe, _ isControlled: Bool) async throws -> [Finding] {
        let check = "failsafe"
        if self.service == nil, let scope = try await self.rights.installedServices() {
            failsafe = .installedAccount
            return [.ok(check, "the proxy restores, as \(Installation.name), for \(scope)")]
        }
        failsafe = try await self.rights.failsafe(of: self.service ?? Self.example.metadata.name)
        switch failsafe {
        case .ownRole where isControlled, .pluginOnly where isControlled:
            return [
                .error(
                    check,
                    PluginFailure(
                        "service/\(self.service ?? "…") is not among those that may be intercepted in namespace \(self.namespace)",
                        hint:
                            "ask an admin to add it: `kubectl tunnel install -n \(self.namespace) --controller --services …`"
                    ))
            ]
        case .ownRole: return [.ok(check, "the proxy restores, with an account of its session")]
        case .installedAccount: return [.ok(check, "the proxy restores, as \(Installation.name)")]
        case .pluginOnly:
            let scope = self.service.map { "--services \($0)" } ?? "--all-services"
            let what = self.service.map { "service/\($0)" } ?? "a Service"
            var finding = Finding.error(
                check,
                PluginFailure(
                    "nobody in the cluster could restore \(what) if this machine disappeared",
                    hint:
                        "ask an admin for `kubectl tunnel install -n \(self.namespace) \(scope)`, or use --no-failsafe")
            )
            finding.yieldsTo = .noFailsafe
            return [finding]
        }
    }

    /// What the Service's own pods have and the proxy's will not.
    func look(atPodsOf objects: SessionObjects) async throws -> [Finding] {
        let check = "pods"
        let pods = try await self.client.list(.pods, in: self.namespace, labels: objects.service.ownPods).items
        var findings: [Finding] = []
        if !pods.contains(where: \.isReady) {
            findings.append(.warning(check, "no pod of it is ready: without the laptop nobody would answer", nil))
        }
        if let refusal = ServiceMesh.refusal(of: objects.service, pods: pods) {
            findings.append(.error("mesh", refusal))
        }
        if !self.wantsNetworkPolicy { findings += await self.callers(of: objects, pods) }
        findings += await self.autoscalers(of: pods)
        if findings.isEmpty {
            let ready = pods.filter(\.isReady).count
            findings.append(.ok(check, "\(ready) ready, and no policy, mesh or autoscaler in the way"))
        }
        return findings
    }

    private func callers(of objects: SessionObjects, _ pods: [Pod]) async -> [Finding] {
        let check = "policies"
        do throws(APIError) {
            let policies = try await self.client.list(.networkPolicies, in: self.namespace).items
            let originals = pods.map { $0.metadata.labels ?? [:] }
            guard let name = CallerPolicyCheck.obstacle(in: policies, originals: originals, proxy: objects.podLabels)
            else {
                return []
            }
            let summary =
                "networkpolicy/\(name) would keep callers of service/\(objects.service.metadata.name) out of the proxy"
            let hint = "use --network-policy to let them in for the session, or --force to go on without"
            return [.error(check, Refusal(summary, hint: hint, yieldsToForce: true))]
        } catch {
            return [.note(check, "network policies were not looked at: \(error.message)")]
        }
    }

    /// Their load goes to the laptop, and they may be scaled down meanwhile. Who may not look is not told.
    private func autoscalers(of pods: [Pod]) async -> [Finding] {
        let owners = Set(pods.flatMap(\.scalableOwners))
        guard !owners.isEmpty,
            let scalers = try? await self.client.list(.horizontalPodAutoscalers, in: self.namespace).items,
            let scaler = scalers.first(where: { owners.contains($0.target) })
        else { return [] }
        return [
            .note("pods", "hpa/\(scaler.metadata.name) may scale the original pods down: their traffic comes here")
        ]
    }
}
