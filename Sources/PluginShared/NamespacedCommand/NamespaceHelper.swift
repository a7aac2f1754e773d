#if os(Linux)
    import CNamespace
    import Glibc

    /// The process in the namespace: the plugin's own binary, restarted, with one thread, as namespaces want it.
    ///
    /// It makes the namespace, hands its listeners out to the plugin, starts the command and waits for it. Arguments: the
    /// marker, nft's path, the command. Descriptor 3 leads to the plugin.
    public enum NamespaceHelper {
        /// The first argument that makes the binary a helper. No subcommand: people never type it.
        public static let marker = "__namespace"
        /// Where the plugin is.
        static let control: CInt = 3
        /// How long the command may take to end after SIGTERM, when the plugin is gone, before it gets SIGKILL, in
        /// milliseconds.
        private static let gracePeriodMilliseconds: CInt = 2000

        /// The helper's whole life, when the process was started as one; returns at once otherwise.
        public static func runIfAsked(_ arguments: [String]) {
            guard arguments.count >= 4, arguments[1] == Self.marker else { return }
            // What the terminal sends reaches the command by itself, and the helper has to see how that ends.
            for number in [SIGINT, SIGQUIT, SIGHUP, SIGTERM, SIGPIPE] { signal(number, SIG_IGN) }
            cnamespace_close_from(Self.control + 1)
            _ = fcntl(Self.control, F_SETFD, FD_CLOEXEC)
            let children = cnamespace_child_descriptor()
            let namespace = NamespaceSetup(nft: arguments[2])
            do {
                let listeners = try namespace.enter()
                Self.send(.ready, listeners)
                for listener in listeners { close(listener) }
            } catch {
                Self.send(.failed(step: error.step, code: error.code))
                exit(1)
            }
            Self.serve(command: Array(arguments[3...]), children: children, namespace: namespace)
        }

        private static func serve(command: [String], children: CInt, namespace: NamespaceSetup) -> Never {
            var pid: pid_t = 0
            while true {
                var watched = [
                    pollfd(fd: Self.control, events: Int16(POLLIN), revents: 0),
                    pollfd(fd: children, events: Int16(POLLIN), revents: 0),
                ]
                guard poll(&watched, 2, -1) > 0 else { continue }
                if watched[1].revents != 0, let code = Self.exitCode(of: pid, children) {
                    Self.send(.ended(code: code))
                    exit(code)
                }
                guard watched[0].revents != 0 else { continue }
                guard let message = Self.receive() else { Self.end(pid, children) }
                switch message {
                case .start(let resolver): pid = Self.start(command, resolver, namespace)
                case .wantsSocket(let isIPv6):
                    let descriptor = socket(isIPv6 ? AF_INET6 : AF_INET, CInt(SOCK_STREAM.rawValue), 0)
                    if descriptor < 0 {
                        Self.send(.noSocket(code: errno))
                    } else {
                        Self.send(.socket, [descriptor])
                        close(descriptor)
                    }
                case .hostPorts(let ports): _ = namespace.apply(NamespaceRules.hostPorts(ports))
                default: break
                }
            }
        }

        private static func start(_ command: [String], _ resolver: String, _ namespace: NamespaceSetup) -> pid_t {
            do {
                try namespace.finish(resolver: resolver)
            } catch {
                Self.send(.failed(step: error.step, code: error.code))
                exit(1)
            }
            let (pid, code) = ChildProcess.spawn(command, input: nil)
            guard code == 0 else {
                Self.send(.failed(step: "start", code: code))
                exit(1)
            }
            Self.send(.started(pid: pid))
            return pid
        }

        /// The command's exit code, when it has ended.
        private static func exitCode(of pid: pid_t, _ children: CInt) -> Int32? {
            var info = [UInt8](repeating: 0, count: 1024)
            while read(children, &info, info.count) > 0 {}
            var status: CInt = 0
            guard pid > 0, waitpid(pid, &status, WNOHANG) == pid else { return nil }
            return ChildProcess.exitCode(status)
        }

        /// The plugin is gone, and with it the namespace's connections.
        private static func end(_ pid: pid_t, _ children: CInt) -> Never {
            guard pid > 0 else { exit(1) }
            kill(pid, SIGTERM)
            var watched = pollfd(fd: children, events: Int16(POLLIN), revents: 0)
            if poll(&watched, 1, Self.gracePeriodMilliseconds) <= 0 || Self.exitCode(of: pid, children) == nil {
                kill(pid, SIGKILL)
                // A signal is sent before it has done its work, and a parent that waits for this process expects no command.
                var status: CInt = 0
                while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            }
            exit(1)
        }

        private static func send(_ message: NamespaceMessage, _ descriptors: [CInt] = []) {
            let bytes = Array(message.text.utf8)
            _ = cnamespace_send(Self.control, bytes, bytes.count, descriptors, CInt(descriptors.count))
        }

        /// The next message; `nil` when the plugin is gone.
        private static func receive() -> NamespaceMessage? {
            var bytes = [UInt8](repeating: 0, count: NamespaceMessage.maximumSize)
            while true {
                let count = recv(Self.control, &bytes, bytes.count, 0)
                if count > 0 {
                    if let message = NamespaceMessage(String(decoding: bytes[..<count], as: UTF8.self)) {
                        return message
                    }
                } else if count == 0 || errno != EINTR {
                    return nil
                }
            }
        }
    }
#endif
