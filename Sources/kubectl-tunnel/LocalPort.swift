import NIOCore
import NIOPosix

/// The local process's port: whether somebody answers there.
enum LocalPort {
    /// How often a port that does not answer is tried again.
    static let interval = Duration.milliseconds(250)

    /// Whether a connection is accepted.
    static func answers(host: String, port: Int, group: any EventLoopGroup) async -> Bool {
        do {
            let channel = try await ClientBootstrap(group: group).connectTimeout(.seconds(2))
                .connect(host: host, port: port).get()
            try? await channel.close()
            return true
        } catch {
            return false
        }
    }
}
