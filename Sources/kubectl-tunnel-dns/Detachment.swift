import ArgumentParser
import PluginConsole

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#endif

/// `up --detach`: the same command again as a child of its own session, which this process watches until it is up.
enum Detachment {
    /// The descriptor by whose end the child says that it is up.
    private static let descriptor: CInt = 3

    /// Starts the child and waits until it is up, or has failed.
    ///
    /// - Throws: `ExitCode` when it has failed; it has said why.
    static func startChild() throws {
        var ends: [CInt] = [0, 0]
        guard pipe(&ends) == 0 else { throw PluginFailure("no pipe: \(String(cString: strerror(errno)))") }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], Self.descriptor)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let words = CommandLine.arguments.map { $0 == "--detach" ? "--detached" : $0 }
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, "/proc/self/exe", &actions, nil, &arguments, environ)
        close(ends[1])
        guard code == 0 else { throw PluginFailure("cannot start: \(String(cString: strerror(code)))") }
        var byte: UInt8 = 0
        while true {
            let count = read(ends[0], &byte, 1)
            if count == 1 { return }
            if count == 0 || errno != EINTR { break }
        }
        var status: CInt = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        throw ExitCode(status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f))
    }

    /// In the child: leaves the terminal, whose Ctrl-C is for others now, and keeps the descriptor from its own children.
    static func begin() {
        setsid()
        _ = fcntl(Self.descriptor, F_SETFD, FD_CLOEXEC)
    }

    /// In the child: says that it is up, and writes into a file from here on.
    static func isUp(log: String) {
        let file = open(log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0o600)
        if file >= 0 {
            for output in [STDOUT_FILENO, STDERR_FILENO] { dup2(file, output) }
            close(file)
        }
        var byte: UInt8 = 1
        _ = write(Self.descriptor, &byte, 1)
        close(Self.descriptor)
    }
}
