import Foundation
import Logging
import NIOPosix
import Requests
import Tunnel

/// Both ends of a tunnel in one process, as they are shipped, for tests that measure or need many requests.
///
///     BothEnds ORIGIN_PORT [USER=PORT]...
///
/// Takes connections on a port that it prints: requests with `x-user: USER` go to that user's port, all else to the originals'. It
/// ends with its standard input.
@main
enum Main {
    private static let route = "web:80"

    static func main() async throws { try await Self.run() }

    /// Not on the main actor: optimised and linked statically, a main function that is resumed is not found to be there, and traps.
    @concurrent
    private static func run() async throws {
        let words = CommandLine.arguments.dropFirst()
        guard let originPort = words.first.flatMap({ Int($0) }) else {
            return print("BothEnds ORIGIN_PORT [USER=PORT]...")
        }
        let users = words.dropFirst().compactMap { word -> (identity: LaptopIdentity, port: Int)? in
            let parts = word.split(separator: "=")
            guard parts.count == 2, let port = Int(parts[1]) else { return nil }
            return (LaptopIdentity(session: String(parts[0]), key: TunnelKey(), software: "0.1.0"), port)
        }
        var logger = Logger(label: "both-ends")
        logger.logLevel = .critical
        // A busy machine is no silent peer.
        var timing = Timing()
        timing.suspectAfter = .seconds(15)
        timing.deadAfter = .seconds(30)
        let group = MultiThreadedEventLoopGroup.singleton
        let pod = PodEnd(
            identity: PodIdentity(software: "0.1.0"), sessions: [],
            ports: [ProxyPort(listenPort: 0, route: Self.route, originHost: "127.0.0.1", originPort: originPort)],
            tunnelPort: 0, timing: timing, group: group, logger: logger)
        try await pod.start()
        await pod.set(
            try users.map { user in
                PodSession(
                    id: user.identity.session, key: user.identity.key.publicKey, routes: [Self.route],
                    rule: try RequestRule([RequestCondition(.header, "x-user=\(user.identity.session)")]))
            })
        var laptops: [LaptopEnd] = []
        var events = pod.events.makeAsyncIterator()
        for user in users {
            laptops.append(
                try await LaptopEnd.connect(
                    host: "127.0.0.1", port: await pod.boundTunnelPort(), identity: user.identity,
                    targets: [Self.route: LocalTarget(host: "127.0.0.1", port: user.port)], timeout: .seconds(10),
                    timing: timing, group: group, logger: logger))
            while let event = await events.next(), event != .linkUp(session: user.identity.session) {}
        }
        // Now, and not when a buffer is full.
        FileHandle.standardOutput.write(Data("\(await pod.boundPorts()[0])\n".utf8))
        while readLine() != nil {}
        for laptop in laptops { await laptop.close() }
        await pod.shutdown()
    }
}
