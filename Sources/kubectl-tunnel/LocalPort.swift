import NIOCore
import NIOPosix

/// The local process's port: whether a process listens there.
enum LocalPort {
    /// How often a port that does not answer is tried again.
    static let interval = Duration.milliseconds(250)

    /// Whether a connection is accepted.
    static func answers(_ address: LocalAddress, port: Int, group: any EventLoopGroup) async -> Bool {
        for host in address.candidates {
            guard
                let channel = try? await ClientBootstrap(group: group).connectTimeout(.seconds(2))
                    .connect(host: host, port: port).get()
            else { continue }
            try? await channel.close()
            return true
        }
        return false
    }
}
