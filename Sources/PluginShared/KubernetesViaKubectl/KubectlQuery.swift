import Subprocess
import SystemPackage

/// A question that one short kubectl answers, for a shell that waits for it.
public enum KubectlQuery {
    /// The lines of kubectl's standard output; none when it fails or has no answer in time.
    ///
    /// - Parameters:
    ///   - arguments: Of kubectl, without the flags of the cluster.
    ///   - limit: How long it may take; then it is ended.
    public static func lines(
        _ arguments: [String], _ options: KubectlOptions, within limit: Duration = .seconds(1)
    ) async -> [String] {
        await withTaskGroup(of: [String]?.self) { group in
            group.addTask {
                let result = try? await Subprocess.run(
                    .name("kubectl"), arguments: Arguments(arguments + options.flags),
                    output: .string(limit: 1 << 20), error: .discarded)
                guard let result, result.terminationStatus.isSuccess else { return [] }
                return result.standardOutput.split(separator: "\n").map(String.init)
            }
            group.addTask {
                try? await Task.sleep(for: limit)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first ?? []
        }
    }
}
