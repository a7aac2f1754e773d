import Subprocess
import SystemPackage

/// A kubectl child under a guard, from start to end.
final class GuardedKubectl: Sendable {
    /// One line that kubectl wrote.
    enum Line: Sendable {
        case output(String)
        case error(String)
    }

    /// What kubectl writes; ends when kubectl has ended. To be read all the time, or kubectl blocks.
    let lines: AsyncStream<Line>
    private let task: Task<Int32, Never>
    private let stopOrder: AsyncStream<Void>.Continuation

    /// Starts kubectl with the pin's arguments in front of its own.
    ///
    /// - Parameter folder: A folder that the guard removes at the end.
    init(_ arguments: [String], pin: KubectlPin, folder: String? = nil) {
        let (lines, lineSource) = AsyncStream.makeStream(of: Line.self)
        let (stops, stopOrder) = AsyncStream.makeStream(of: Void.self)
        self.lines = lines
        self.stopOrder = stopOrder
        var options = PlatformOptions()
        // A group of its own: Ctrl-C reaches the plugin alone.
        options.processGroupID = 0
        let words = [ChildGuard.marker, folder ?? "", pin.executable] + pin.arguments + arguments
        let environment = pin.environment
        self.task = Task { [options] in
            defer { lineSource.finish() }
            do {
                let result = try await Subprocess.run(
                    .path("/proc/self/exe"), arguments: Arguments(words), environment: environment,
                    platformOptions: options, input: .inputWriter, output: .sequence, error: .sequence
                ) { execution in
                    let writer = execution.standardInputWriter
                    await withTaskGroup(of: Void.self) { group in
                        group.addTask {
                            for await _ in stops {}
                            try? await writer.finish()
                        }
                        group.addTask {
                            do {
                                for try await line in execution.standardOutput.strings() {
                                    lineSource.yield(.output(line.trimmingNewlines))
                                }
                            } catch {}
                        }
                        do {
                            for try await line in execution.standardError.strings() {
                                lineSource.yield(.error(line.trimmingNewlines))
                            }
                        } catch {}
                        // kubectl closed its output: it has ended, and nobody need be told to stop.
                        stopOrder.finish()
                        await group.waitForAll()
                    }
                }
                return switch result.terminationStatus {
                case .exited(let code): code
                case .signaled(let signal): 128 + signal
                }
            } catch {
                lineSource.yield(.error("kubectl could not be run: \(error)"))
                return 127
            }
        }
    }

    /// Asks the guard to end kubectl. Does not wait.
    func stop() { self.stopOrder.finish() }

    /// kubectl's exit status, once it has ended.
    var status: Int32 {
        get async { await self.task.value }
    }
}

extension String {
    var trimmingNewlines: String {
        var text = self[...]
        while let last = text.last, last.isNewline { text.removeLast() }
        return String(text)
    }
}
