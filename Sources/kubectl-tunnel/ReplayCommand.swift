import ArgumentParser
import FoundationEssentials
import NIOPosix
import PluginConsole
import PluginSession
import Tunnel

/// `kubectl tunnel replay FILE.har`.
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Send recorded requests again, to the local process.",
        usage: "kubectl tunnel replay <file.har> [--to <port|host:port>]",
        discussion: """
            kubectl tunnel replay requests.har
            kubectl tunnel replay requests.har --to 9090

            One after the other, in the order in which they began. The cluster has no part in it.
            """)

    @Argument(
        help: ArgumentHelp("The recording: a HAR file.", valueName: "file.har"), completion: .file(extensions: ["har"]))
    var file: String

    @Option(
        help: ArgumentHelp(
            "Where they go. Default: where each of them went when it was recorded.", valueName: "port|host:port"))
    var to: String?

    func validate() throws {
        guard let text = self.to, LocalTarget(text) == nil else { return }
        throw ValidationError("--to \(text): expected PORT or HOST:PORT, as 8080 or localhost:8080")
    }

    func run() async throws {
        try await CommandRunner.run { console, _ in
            let document = try HARDocument(path: self.file)
            try await Replay(requests: document.requests, to: self.to.flatMap(LocalTarget.init), name: self.file)
                .run(console)
        }
    }
}
