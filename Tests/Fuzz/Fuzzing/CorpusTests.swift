import Foundation
import Testing

/// The saved corpus, and a bounded number of seeded mutations of it: what of `make fuzz` fits into every test run.
@Suite("Bytes from elsewhere", .serialized)
struct CorpusTests {
    /// Mutations of each target in one run. `FUZZ_MUTATIONS` is another number.
    static let mutations = ProcessInfo.processInfo.environment["FUZZ_MUTATIONS"].flatMap(Int.init) ?? 2_000
    /// The run's seed. It is the same every day, so that a red run is the change's fault; `FUZZ_SEED` is another.
    static let seed = ProcessInfo.processInfo.environment["FUZZ_SEED"].flatMap(UInt64.init) ?? 1

    @Test("nothing traps, and what must hold holds", arguments: FuzzTarget.allCases)
    func holds(_ target: FuzzTarget) throws {
        let corpus = try FuzzCorpus.load(target)
        #expect(!corpus.isEmpty)
        for (name, bytes) in corpus where !Self.holds(target, bytes, "seed \(name)") { return }
        var mutator = FuzzMutator(seed: Self.seed, seeds: corpus.map(\.bytes))
        for number in 0..<Self.mutations {
            let origin = "mutation \(number) of FUZZ_SEED=\(Self.seed)"
            guard Self.holds(target, mutator.next(), origin) else { return }
        }
    }

    private static func holds(_ target: FuzzTarget, _ bytes: [UInt8], _ origin: String) -> Bool {
        do throws(FuzzFailure) {
            try target.run(bytes)
            return true
        } catch {
            let hex = bytes.prefix(600).map { String(format: "%02x", $0) }.joined()
            Issue.record("\(target.name), \(origin): \(error)\n\(hex)")
            return false
        }
    }
}
