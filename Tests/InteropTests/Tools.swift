import Foundation

/// What `Tests/InteropTests/fetch` has brought, and where the programs are that use it.
enum Tools {
    /// Whether rules apply to HTTP/2 yet. Until then its connections go to the originals, whole, and what its rows expect of a
    /// laptop is only shown.
    static let readsHTTP2 = true

    static let folder = ProcessInfo.processInfo.environment["KUBECTL_TUNNEL_INTEROP"]
    static var python: String { "\(self.folder ?? "")/bin/python" }
    /// Both ends of a tunnel as they are shipped, where `make both-ends` has built them.
    private static let shippedEnds = ProcessInfo.processInfo.environment["KUBECTL_TUNNEL_BOTH_ENDS"]
    /// Both ends of a tunnel: those, or what was built for debugging beside these tests.
    static var bothEnds: String {
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return self.shippedEnds ?? URL(filePath: tests).deletingLastPathComponent().appending(path: "BothEnds").path
    }
    /// How many requests a load is; what was built for debugging takes 1 ms to 2 ms for one.
    static var loadCount: Int { self.isThorough ? 1_000_000 : self.shippedEnds == nil ? 10_000 : 100_000 }
    /// What is slow and seldom changes.
    static let isThorough = ProcessInfo.processInfo.environment["THOROUGH"] != nil

    static func program(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Programs/\(name)").path
    }

    /// Runs a body with a folder that is gone behind it.
    static func withFolder<Value>(_ body: (URL) async throws -> Value) async throws -> Value {
        let folder = FileManager.default.temporaryDirectory.appending(path: "interop-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try await body(folder)
    }
}
