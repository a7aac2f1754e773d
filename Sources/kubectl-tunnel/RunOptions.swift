import ArgumentParser
import KubernetesViaKubectl
import PluginConsole
import PluginSession
import Session

/// How a session is run: the flags that `intercept` and `mirror` share, and what they do.
struct RunOptions: ParsableArguments {
    /// How events are printed.
    enum Output: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    @Option(name: .shortAndLong, help: "How to tell what happens.")
    var output = Output.text

    @Flag(help: "Print the objects and the patch, and change nothing.")
    var dryRun = false

    @Flag(name: .shortAndLong, help: "Say more.")
    var verbose = false

    /// Runs a session until it ends.
    ///
    /// - Parameters:
    ///   - rule: Which requests are wanted; who the user is says the cluster.
    ///   - request: What else is, by the environment.
    func run(
        on options: ClusterOptions, _ rule: RuleOptions,
        _ request: ([String: String]) throws -> InterceptRequest
    ) async throws {
        try await CommandRunner.run { console, environment in
            var request = try request(environment)
            // What is wrong with it is told before the cluster is asked who the user is.
            request.rule = try rule.rule(user: "user")
            // So is what cannot be written, before it is asked anything.
            try request.recording?.check()
            let report = SessionReport(console: console, isJSON: self.output == .json, isVerbose: self.verbose)
            try await report.tellingFailures {
                try await Cluster.with(
                    options.kubectl, environment: environment, directory: CommandRunner.directory
                ) { cluster in
                    let me = await CommandRunner.holder(environment, cluster)
                    request.rule = try rule.rule(user: me.user)
                    let preparation = InterceptPreparation(
                        client: cluster.client, namespace: cluster.pin.namespace, kubectl: cluster.kubectl,
                        request: request, report: report, me: me,
                        locks: SessionLocks(environment))
                    let prepared = try await preparation.run(touchesCluster: !self.dryRun)
                    if self.dryRun {
                        console.result(prepared.dryRunText)
                    } else {
                        try await InterceptSession(prepared, cluster: cluster, request: request, report: report)
                            .run(SessionLocks(environment))
                    }
                }
            }
        }
    }
}
