#if os(Linux)
    import Glibc
    import NamespacedCommand
    import UnixSignals

    /// What becomes of signals: before the command runs they end everything, and then they are the command's.
    actor CommandSignals {
        private var namespace: CommandNamespace?
        private var interrupt: (@Sendable () -> Void)?
        private var isInterrupted = false

        /// Takes signals until the task is cancelled.
        func run() async {
            let signals = await UnixSignalsSequence(
                trapping: .sigint, .sigterm, .sighup, .sigquit, .sigusr1, .sigusr2)
            for await signal in signals { self.take(signal) }
        }

        /// What a signal does that comes before the command runs.
        func onInterruption(_ interrupt: @escaping @Sendable () -> Void) {
            self.interrupt = interrupt
            if self.isInterrupted { interrupt() }
        }

        /// Passes signals on from now on.
        func forward(to namespace: CommandNamespace) {
            self.namespace = namespace
            if self.isInterrupted { namespace.send(signal: SIGTERM) }
        }

        private func take(_ signal: UnixSignal) {
            guard let namespace = self.namespace else {
                self.isInterrupted = true
                self.interrupt?()
                return
            }
            // What the keyboard sends goes to all processes in the foreground, the command among them.
            if signal == .sigint || signal == .sigquit, Self.isInForeground { return }
            namespace.send(signal: signal.number)
        }

        /// Whether this process is in the foreground of a terminal.
        private static var isInForeground: Bool {
            let terminal = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY)
            guard terminal >= 0 else { return false }
            defer { close(terminal) }
            return tcgetpgrp(terminal) == getpgrp()
        }
    }

    extension UnixSignal {
        /// The signal's number.
        fileprivate var number: CInt {
            switch self {
            case .sigint: SIGINT
            case .sighup: SIGHUP
            case .sigquit: SIGQUIT
            case .sigusr1: SIGUSR1
            case .sigusr2: SIGUSR2
            default: SIGTERM
            }
        }
    }
#endif
