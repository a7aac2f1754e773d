#if os(Linux)
    import Glibc

    /// Keeps a namespace told which loopback ports a process on this machine listens on, so that the others are refused there
    /// as they are here.
    public struct HostPortWatch: Sendable {
        /// How often the kernel's list is read: a server that was started just now is there within this time.
        public static let interval = Duration.milliseconds(500)

        private let namespace: CommandNamespace
        private let first: [UInt16]

        /// A watch for one namespace, which is told at once: the command that is started next finds it so.
        public init(of namespace: CommandNamespace) {
            self.namespace = namespace
            self.first = Self.read()
            namespace.setHostPorts(self.first)
        }

        /// Watches until the task is cancelled.
        public func run() async {
            var known = self.first
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.interval)
                let ports = Self.read()
                if ports != known { self.namespace.setHostPorts(ports) }
                known = ports
            }
        }

        private static func read() -> [UInt16] {
            let ports = ["/proc/net/tcp", "/proc/net/tcp6"].map { ListeningPorts.read(Self.text(of: $0)) }
            return ports[0].union(ports[1]).sorted()
        }

        private static func text(of path: String) -> String {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return "" }
            defer { close(descriptor) }
            var text: [UInt8] = []
            var bytes = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = Glibc.read(descriptor, &bytes, bytes.count)
                guard count > 0 else { return String(decoding: text, as: UTF8.self) }
                text += bytes[..<count]
            }
        }
    }
#endif
