#if os(Linux)
    public import Glibc

    /// Processes that are started with one of this process's descriptors or two, and nothing else of it.
    public enum ChildProcess {
        /// Starts a command, with every signal as it is by default.
        ///
        /// - Parameters:
        ///   - input: Its standard input; `nil` for this process's own.
        ///   - output: Its standard output and error; `nil` for this process's own.
        ///   - control: What becomes its descriptor 3.
        ///   - isOwnGroup: Whether the terminal's Ctrl-C passes it by.
        /// - Returns: Its process id, and 0 or errno.
        public static func spawn(
            _ command: [String], input: CInt?, output: CInt? = nil, control: CInt? = nil, isOwnGroup: Bool = false
        ) -> (pid: pid_t, code: Int32) {
            guard let path = Self.find(command[0]) else { return (0, ENOENT) }
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
            posix_spawn_file_actions_init(&actions)
            posix_spawnattr_init(&attributes)
            defer {
                posix_spawn_file_actions_destroy(&actions)
                posix_spawnattr_destroy(&attributes)
            }
            if let input { posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO) }
            if let output {
                for own in [STDOUT_FILENO, STDERR_FILENO] { posix_spawn_file_actions_adddup2(&actions, output, own) }
            }
            // Also right when both are the same: adddup2 takes the close-on-exec flag away then.
            if let control { posix_spawn_file_actions_adddup2(&actions, control, NamespaceHelper.control) }
            var defaults = sigset_t()
            sigemptyset(&defaults)
            for number in [SIGINT, SIGQUIT, SIGHUP, SIGTERM, SIGUSR1, SIGUSR2, SIGPIPE, SIGCHLD] {
                sigaddset(&defaults, number)
            }
            posix_spawnattr_setsigdefault(&attributes, &defaults)
            var unblocked = sigset_t()
            sigemptyset(&unblocked)
            posix_spawnattr_setsigmask(&attributes, &unblocked)
            let group = isOwnGroup ? POSIX_SPAWN_SETPGROUP : 0
            posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | group))
            var words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
            words.append(nil)
            defer { for word in words { free(word) } }
            var pid: pid_t = 0
            let code = posix_spawn(&pid, path, &actions, &attributes, words, environ)
            return (pid, code)
        }

        /// Where a program is: in PATH, or where administrators' programs are. A folder of PATH that may not be looked into
        /// does not matter, unlike for posix_spawnp(3), which says EACCES then.
        public static func find(_ name: String) -> String? {
            if name.contains("/") { return name }
            let path = getenv("PATH").map { String(cString: $0) } ?? ""
            let folders = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"]
            return folders.map { "\($0)/\(name)" }.first { path in
                var state = stat()
                return stat(path, &state) == 0 && state.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
            }
        }

        /// What shells make of a wait status: the exit code, or 128 and the signal's number.
        public static func exitCode(_ status: CInt) -> Int32 {
            // WIFEXITED and WEXITSTATUS, which are macros that Swift does not see.
            status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
        }
    }
#endif
