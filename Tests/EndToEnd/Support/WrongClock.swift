import Foundation

/// A wall clock that is wrong, for one process and its children.
enum WrongClock {
    private static let library: Task<String, any Error> = Task {
        let library = Lab.shared.folder.appendingPathComponent("wrong-clock.so").path
        let source = Lab.shared.workload + "/wrong-clock.c"
        let result = try await run(["sh", "-c", "${CC:-clang} -shared -fPIC -O1 -o \(library) \(source)"])
        guard result.status == 0 else { throw Missed(description: result.error) }
        return library
    }

    /// The environment of a program whose clock is so many seconds off.
    static func environment(seconds: Int) async throws -> [String: String] {
        ["LD_PRELOAD": try await Self.library.value, "WRONG_CLOCK": "\(seconds)"]
    }
}
