#if os(Linux)
    import CNamespace
    import Dispatch
    import Glibc
    import NamespacedCommand

    /// A short program of this machine, run to its end.
    enum MachineCommand {
        /// What came of it.
        struct Outcome: Hashable, Sendable {
            /// Its exit code; 127 when it is not there, 124 when it took too long.
            var code: Int32
            /// What it wrote, errors included.
            var output: String
        }

        /// Runs a program, without anything to read.
        ///
        /// - Parameters:
        ///   - input: What it reads.
        ///   - seconds: How long it may take; it is killed then.
        static func run(_ words: [String], input: String = "", within seconds: Double = 5) async -> Outcome {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    continuation.resume(returning: Self.runNow(words, input: input, within: seconds))
                }
            }
        }

        private static func runNow(_ words: [String], input: String, within seconds: Double) -> Outcome {
            var (reading, writing): ([CInt], [CInt]) = ([0, 0], [0, 0])
            guard cnamespace_pipe(&reading) == 0 else { return Outcome(code: 127, output: "no pipe") }
            guard cnamespace_pipe(&writing) == 0 else {
                for end in reading { close(end) }
                return Outcome(code: 127, output: "no pipe")
            }
            let (pid, code) = ChildProcess.spawn(words, input: writing[0], output: reading[1], isOwnGroup: true)
            close(writing[0])
            close(reading[1])
            defer { close(reading[0]) }
            // A pipe takes 64 KiB before anybody reads, and no input here is as long.
            if code == 0 { _ = Array(input.utf8).withUnsafeBytes { write(writing[1], $0.baseAddress, $0.count) } }
            close(writing[1])
            guard code == 0 else { return Outcome(code: 127, output: String(cString: strerror(code))) }
            var (text, isLate) = ([UInt8](), false)
            var buffer = [UInt8](repeating: 0, count: 4096)
            let clock = ContinuousClock()
            let deadline = clock.now + .seconds(seconds)
            while true {
                let left = (deadline - clock.now) / .milliseconds(1)
                var watched = pollfd(fd: reading[0], events: Int16(POLLIN), revents: 0)
                if left <= 0 || poll(&watched, 1, CInt(left)) == 0 {
                    isLate = true
                    kill(pid, SIGKILL)
                    break
                }
                let count = read(reading[0], &buffer, buffer.count)
                if count <= 0 { break }
                text += buffer[..<count]
            }
            var status: CInt = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            return Outcome(
                code: isLate ? 124 : ChildProcess.exitCode(status), output: String(decoding: text, as: UTF8.self))
        }
    }
#endif
