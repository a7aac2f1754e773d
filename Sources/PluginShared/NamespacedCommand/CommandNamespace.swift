#if os(Linux)
    import CNamespace
    import Dispatch
    import Glibc
    import Synchronization

    /// A namespace of its own for one command, as the plugin sees it from outside: its listeners, sockets out of it, and
    /// the command's end.
    ///
    /// A helper process inside holds it; when either is gone, so is the other, and the command with them.
    public final class CommandNamespace: Sendable {
        /// Sockets of the namespace that the plugin accepts on; they belong to the taker.
        public struct Listeners: Sendable {
            /// Connections to any IPv4 address that no process of the namespace listens on.
            public let connections: CInt
            /// The same for ::1, the only IPv6 address that leads anywhere.
            public let connections6: CInt
            /// DNS over UDP, bound to 127.0.0.1:53.
            public let datagrams: CInt
            /// DNS over TCP, there as well.
            public let streams: CInt
        }

        private struct Received {
            /// `nil` when the helper is gone.
            let message: NamespaceMessage?
            let descriptors: [CInt]
        }

        private struct State {
            var waiting: CheckedContinuation<Received, Never>?
            var early: [Received] = []
            var exitCode: Int32?
            var exitWaiters: [CheckedContinuation<Int32, Never>] = []
            var pid: pid_t = 0
            var isGone = false
        }

        /// The sockets that connections and queries come in by.
        public let listeners: Listeners
        private let control: CInt
        private let helper: pid_t
        /// Its first word.
        private let command: String
        private let state = Mutex(State())
        private let requests = AsyncLock()

        /// Makes a namespace in which the command can be started.
        ///
        /// - Parameters:
        ///   - command: The command and its arguments.
        ///   - executable: A binary that calls ``NamespaceHelper/runIfAsked(_:)``.
        ///   - launcher: What starts that binary, for tests as another user.
        /// - Throws: ``NamespaceFailure``, which names the switch that forbids it.
        public static func open(
            command: [String], executable: String = "/proc/self/exe", launcher: [String] = []
        ) async throws(NamespaceFailure) -> CommandNamespace {
            guard let nft = ChildProcess.find("nft") else {
                throw NamespaceFailure(
                    "nft is missing", hint: "install the package nftables; or use `kubectl tunnel-dns up --mode proxy`")
            }
            var ends: [CInt] = [0, 0]
            let type = CInt(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue)
            guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
                throw NamespaceFailure("cannot open a socket: \(Self.text(errno))")
            }
            for end in ends {
                var size = CInt(NamespaceMessage.maximumSize)
                setsockopt(end, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<CInt>.size))
            }
            let words = launcher + [executable, NamespaceHelper.marker, nft] + command
            let (pid, code) = ChildProcess.spawn(words, input: nil, control: ends[1])
            Glibc.close(ends[1])
            guard code == 0 else {
                Glibc.close(ends[0])
                throw NamespaceFailure("cannot start \(words[0]): \(Self.text(code))")
            }
            let first = await Self.first(from: ends[0])
            guard case .ready? = first.message, first.descriptors.count == 4 else {
                Glibc.close(ends[0])
                var status: CInt = 0
                waitpid(pid, &status, 0)
                throw Self.failure(first.message, command[0])
            }
            return CommandNamespace(control: ends[0], helper: pid, command: command[0], descriptors: first.descriptors)
        }

        private init(control: CInt, helper: pid_t, command: String, descriptors: [CInt]) {
            self.command = command
            self.control = control
            self.helper = helper
            self.listeners = Listeners(
                connections: descriptors[0], connections6: descriptors[1], datagrams: descriptors[2],
                streams: descriptors[3])
            // A thread of its own waits for messages, until either side ends the conversation.
            DispatchQueue(label: "kubectl-tunnel.namespace").async { [self] in
                while true {
                    let received = Self.receive(from: control)
                    self.take(received)
                    if received.message == nil { return }
                }
            }
        }

        /// Starts the command.
        ///
        /// - Parameter resolver: What resolv.conf says there.
        /// - Returns: Its process id.
        /// - Throws: ``NamespaceFailure``.
        public func start(resolver: String) async throws(NamespaceFailure) -> Int32 {
            let answer = await self.request(.start(resolver: resolver))
            guard case .started(let pid)? = answer.message else { throw Self.failure(answer.message, self.command) }
            self.state.withLock { $0.pid = pid }
            return pid
        }

        /// The command's exit code, once it has ended: 128 and the signal's number after a signal.
        public func exitCode() async -> Int32 {
            await withCheckedContinuation { continuation in
                let code: Int32? = self.state.withLock { state in
                    if state.exitCode == nil { state.exitWaiters.append(continuation) }
                    return state.exitCode
                }
                if let code { continuation.resume(returning: code) }
            }
        }

        /// Whether the command was started and has not ended.
        public var isRunning: Bool { self.state.withLock { $0.pid > 0 && $0.exitCode == nil } }

        /// Passes a signal on to the command.
        public func send(signal number: CInt) {
            let pid = self.state.withLock { $0.exitCode == nil ? $0.pid : 0 }
            if pid > 0 { kill(pid, number) }
        }

        /// Sets the loopback ports on which this machine is reached from inside.
        public func setHostPorts(_ ports: [UInt16]) {
            self.send(.hostPorts(ports))
        }

        /// A TCP socket of the namespace that is connected to a server in it: on 127.0.0.1, or on ::1. The caller's.
        ///
        /// - Throws: ``NamespaceFailure`` when nothing listens there.
        public func connect(port: UInt16) async throws(NamespaceFailure) -> CInt {
            var refusal = ECONNREFUSED
            for isIPv6 in [false, true] {
                let answer = await self.request(.wantsSocket(isIPv6: isIPv6))
                guard case .socket? = answer.message, let descriptor = answer.descriptors.first else { continue }
                let code = await LoopbackConnect.run(descriptor, isIPv6: isIPv6, port: port)
                if code == 0 { return descriptor }
                Glibc.close(descriptor)
                if !isIPv6 { refusal = code }
            }
            throw NamespaceFailure("port \(port): \(Self.text(refusal))")
        }

        /// Ends the command, if it is still there, and waits for the helper.
        public func close() async {
            self.state.withLock { state in
                if !state.isGone { shutdown(self.control, CInt(SHUT_RDWR)) }
            }
            let helper = self.helper
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                DispatchQueue.global().async {
                    var status: CInt = 0
                    while waitpid(helper, &status, 0) < 0, errno == EINTR {}
                    continuation.resume()
                }
            }
        }

        // MARK: Messages

        private func request(_ message: NamespaceMessage) async -> Received {
            await self.requests.lock()
            self.send(message)
            let answer = await withCheckedContinuation { continuation in
                let early: Received? = self.state.withLock { state in
                    if !state.early.isEmpty { return state.early.removeFirst() }
                    if state.isGone { return Received(message: nil, descriptors: []) }
                    state.waiting = continuation
                    return nil
                }
                if let early { continuation.resume(returning: early) }
            }
            await self.requests.unlock()
            return answer
        }

        /// Sends a message, unless the helper is gone; under the lock, since the descriptor is closed then.
        private func send(_ message: NamespaceMessage) {
            let bytes = Array(message.text.utf8)
            self.state.withLock { state in
                if !state.isGone { _ = cnamespace_send(self.control, bytes, bytes.count, nil, 0) }
            }
        }

        private func take(_ received: Received) {
            var code: Int32?
            if case .ended(let ended)? = received.message { code = ended }
            if received.message == nil {
                self.state.withLock { state in
                    state.isGone = true
                    Glibc.close(self.control)
                }
                // The helper was killed: the command's end is not known.
                code = 128 + SIGKILL
            }
            if let code {
                let waiters = self.state.withLock { state in
                    if state.exitCode == nil { state.exitCode = code }
                    defer { state.exitWaiters = [] }
                    return state.exitWaiters.map { ($0, state.exitCode ?? code) }
                }
                for (waiter, code) in waiters { waiter.resume(returning: code) }
                if received.message != nil { return }
            }
            let waiting = self.state.withLock { state in
                defer { state.waiting = nil }
                if state.waiting == nil, received.message != nil { state.early.append(received) }
                return state.waiting
            }
            waiting?.resume(returning: received)
        }

        private static func receive(from control: CInt) -> Received {
            var bytes = [UInt8](repeating: 0, count: 4096)
            var descriptors = [CInt](repeating: -1, count: Int(CNAMESPACE_MAXIMUM_DESCRIPTORS))
            var count: CInt = 0
            var size = -1
            repeat {
                size = cnamespace_receive(control, &bytes, bytes.count, &descriptors, &count)
            } while size < 0 && errno == EINTR
            guard size > 0 else { return Received(message: nil, descriptors: []) }
            return Received(
                message: NamespaceMessage(String(decoding: bytes[..<size], as: UTF8.self)),
                descriptors: Array(descriptors.prefix(Int(count))))
        }

        private static func first(from control: CInt) async -> Received {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async { continuation.resume(returning: Self.receive(from: control)) }
            }
        }

        private static func failure(_ message: NamespaceMessage?, _ command: String) -> NamespaceFailure {
            guard case .failed(let step, let code)? = message else {
                return NamespaceFailure("the helper in the namespace has ended")
            }
            if step == "start" {
                let exitCode: Int32 = code == ENOENT ? 127 : 126
                return NamespaceFailure("cannot start \(command): \(Self.text(code))", exitCode: exitCode)
            }
            if step == "nft" {
                return NamespaceFailure(
                    "nft cannot set up the namespace (exit code \(code))",
                    hint:
                        "the kernel needs nf_tables with tproxy and socket; or use `kubectl tunnel-dns up --mode proxy`"
                )
            }
            if let (reason, hint) = NamespaceObstacle.find(Self.setting) { return NamespaceFailure(reason, hint: hint) }
            return NamespaceFailure(
                "cannot \(step): \(Self.text(code))", hint: "use `kubectl tunnel-dns up --mode proxy`")
        }

        private static func setting(_ name: String) -> String? {
            let descriptor = Glibc.open("/proc/sys/" + name, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return nil }
            defer { Glibc.close(descriptor) }
            var bytes = [UInt8](repeating: 0, count: 64)
            let count = read(descriptor, &bytes, bytes.count)
            return count > 0 ? String(decoding: bytes[..<count].prefix { $0 != 0x0A }, as: UTF8.self) : nil
        }

        private static func text(_ code: Int32) -> String { String(cString: strerror(code)).lowercased() }
    }
#endif
