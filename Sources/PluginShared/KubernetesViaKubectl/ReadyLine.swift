/// Waiting for the line by which a kubectl child says that it is ready.
enum ReadyLine {
    /// How the waiting ended.
    enum Outcome<Value: Sendable>: Sendable {
        case ready(Value)
        /// kubectl ended first; what it wrote to standard error.
        case ended(String)
        case timedOut
    }

    /// Reads the child's lines until one of its standard output means something.
    static func wait<Value: Sendable>(
        for child: GuardedKubectl, within limit: Duration, _ meaning: @escaping @Sendable (String) -> Value?
    ) async -> Outcome<Value> {
        await withTaskGroup(of: Outcome<Value>?.self) { group in
            group.addTask {
                var errors = ""
                for await line in child.lines {
                    switch line {
                    case .output(let text):
                        if let value = meaning(text) { return .ready(value) }
                    case .error(let text):
                        errors += text + "\n"
                    }
                }
                return Task.isCancelled ? nil : .ended(errors)
            }
            group.addTask {
                try? await Task.sleep(for: limit)
                return Task.isCancelled ? nil : .timedOut
            }
            let outcome = await group.next() ?? nil
            group.cancelAll()
            return outcome ?? .timedOut
        }
    }
}
