import CProcess
import Dispatch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#endif

/// Runs one kubectl as the plugin's own binary, restarted: it holds a pipe to the plugin and ends kubectl when that
/// pipe ends, so that no kubectl outlives a plugin that was killed.
public enum ChildGuard {
    /// The first argument that makes the binary a guard. No subcommand: people never type it.
    public static let marker = "__guard"

    /// The first argument that makes the binary kubectl, once it is tied to its guard.
    static let childMarker = "__child"

    /// How long kubectl may take to end after SIGTERM before it gets SIGKILL, in seconds.
    static let gracePeriodSeconds: UInt32 = 2

    /// The guard's whole life, when the process was started as one; returns at once otherwise.
    ///
    /// Arguments: the marker, a folder to remove at the end (or an empty string), kubectl, kubectl's arguments.
    public static func runIfAsked(_ arguments: [String]) {
        if arguments.count >= 4, arguments[1] == Self.childMarker { Self.becomeChild(arguments) }
        guard arguments.count >= 4, arguments[1] == Self.marker else { return }
        let folder = arguments[2]
        #if os(Linux)
            let command = ["/proc/self/exe", Self.childMarker, "\(getpid())"] + arguments[3...]
        #else
            let command = Array(arguments[3...])
        #endif
        let child = Self.spawn(command)
        guard child > 0 else {
            Self.remove(folder)
            exit(127)
        }

        // The waiting thread ends the process, whether kubectl ended by itself or was asked to.
        DispatchQueue(label: "kubectl-tunnel.guard").async {
            var status: CInt = 0
            while waitpid(child, &status, 0) < 0, errno == EINTR {}
            Self.remove(folder)
            // WIFEXITED and WEXITSTATUS, which are macros that Swift does not see.
            exit(status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f))
        }

        var byte: UInt8 = 0
        while true {
            let count = read(STDIN_FILENO, &byte, 1)
            if count == 0 || (count < 0 && errno != EINTR) { break }
        }
        kill(child, SIGTERM)
        sleep(Self.gracePeriodSeconds)
        kill(child, SIGKILL)
        while true { pause() }
    }

    /// Ends with the guard, also when that is killed, and is kubectl from then on. The guard's first thread starts it, and lives
    /// as long as the guard.
    ///
    /// Arguments: the marker, the guard's process id, kubectl, kubectl's arguments.
    private static func becomeChild(_ arguments: [String]) -> Never {
        #if os(Linux)
            _ = kt_die_with_parent()
        #endif
        // The guard may have ended before.
        guard pid_t(arguments[2]) == getppid() else { exit(127) }
        var words: [UnsafeMutablePointer<CChar>?] = arguments[3...].map { strdup($0) }
        words.append(nil)
        execv(arguments[3], words)
        exit(127)
    }

    private static func spawn(_ command: [String]) -> pid_t {
        // A terminal's hang-up reaches the plugin, which then restores; the guard waits for the pipe to end.
        for number in [SIGINT, SIGHUP, SIGTERM] { signal(number, SIG_IGN) }
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
        #else
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawnattr_init(&attributes)
        var defaults = sigset_t()
        sigemptyset(&defaults)
        for number in [SIGINT, SIGHUP, SIGTERM] { sigaddset(&defaults, number) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        // A thread of Dispatch blocks all signals, and a child inherits that.
        var unblocked = sigset_t()
        sigemptyset(&unblocked)
        posix_spawnattr_setsigmask(&attributes, &unblocked)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        var words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var child: pid_t = 0
        return posix_spawn(&child, command[0], &actions, &attributes, words, environ) == 0 ? child : -1
    }

    /// Removes the folder of `kubectl proxy`'s socket, which holds nothing else.
    private static func remove(_ folder: String) {
        guard !folder.isEmpty else { return }
        unlink(folder + "/" + SocketFolder.socketName)
        rmdir(folder)
    }
}
