#if os(Linux)
    import CNamespace
    import Dispatch
    import Glibc
    import NamespacedCommand

    /// The kernel's table, held by an `nft -i` that we hold by its input: when this process is gone, so are both.
    final class RedirectTable: Sendable {
        /// What nft says of rules that it does not take.
        struct Failure: Error, CustomStringConvertible {
            let description: String
        }

        /// How long nft may take for an order, in milliseconds: it takes half of one.
        private static let timeoutMilliseconds: CInt = 5000
        /// Asks nft for something that it always has, behind each order: when it answers, the order is done.
        private static let question = "describe ip version"
        private static let answer = "datatype"

        private let input: CInt
        private let output: CInt
        private let pid: pid_t
        // Orders wait here for their turn, and for nft.
        private let queue = DispatchQueue(label: "kubectl-tunnel.redirect")

        /// Starts an nft without a table.
        ///
        /// - Throws: ``Failure``.
        init(nft: String) throws {
            var (input, output): ([CInt], [CInt]) = ([0, 0], [0, 0])
            guard cnamespace_pipe(&input) == 0, cnamespace_pipe(&output) == 0 else {
                throw Failure(description: String(cString: strerror(errno)))
            }
            let (pid, code) = ChildProcess.spawn(
                [nft, "-i"], input: input[0], output: output[1], isOwnGroup: true)
            Glibc.close(input[0])
            Glibc.close(output[1])
            guard code == 0 else {
                Glibc.close(input[1])
                Glibc.close(output[0])
                throw Failure(description: String(cString: strerror(code)))
            }
            (self.input, self.output, self.pid) = (input[1], output[0], pid)
        }

        /// Carries out one line, and returns when the kernel has it.
        ///
        /// - Throws: ``Failure``.
        func run(_ line: String) async throws {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                self.queue.async { continuation.resume(with: Result { try self.runNow(line) }) }
            }
        }

        /// Ends nft, and with it the table.
        func close() async {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                self.queue.async {
                    Glibc.close(self.input)
                    Glibc.close(self.output)
                    kill(self.pid, SIGKILL)
                    var status: CInt = 0
                    while waitpid(self.pid, &status, 0) < 0, errno == EINTR {}
                    continuation.resume()
                }
            }
        }

        private func runNow(_ line: String) throws {
            var rest = Array("\(line)\n\(Self.question)\n".utf8)[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { write(self.input, $0.baseAddress, $0.count) }
                guard count > 0 || errno == EINTR else { throw Failure(description: "nft has ended") }
                rest = rest.dropFirst(max(count, 0))
            }
            let said = try self.read()
            guard let error = said.first(where: { $0.contains("Error:") }) else { return }
            throw Failure(description: String(error))
        }

        /// The lines up to the answer.
        private func read() throws -> [String] {
            var text: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let lines = String(decoding: text, as: UTF8.self).split(
                    separator: "\n", omittingEmptySubsequences: false)
                if let end = lines.dropLast().firstIndex(where: { $0.contains(Self.answer) }) {
                    return lines[..<end].map(String.init)
                }
                var watched = pollfd(fd: self.output, events: Int16(POLLIN), revents: 0)
                guard poll(&watched, 1, Self.timeoutMilliseconds) > 0 else {
                    throw Failure(description: "nft does not answer")
                }
                let count = Glibc.read(self.output, &buffer, buffer.count)
                guard count > 0 else { throw Failure(description: "nft has ended") }
                text += buffer[..<count]
            }
        }
    }
#endif
