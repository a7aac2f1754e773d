/// Which faults come when: a seed decides.
package struct Schedule: Sendable, Equatable {
    /// One fault.
    package struct Step: Sendable, Equatable {
        /// When it comes at the earliest, in seconds after the load began.
        package var time: Double
        package var kind: FaultKind
        /// How much of it, 0…1: for how long, how slow, which clock.
        package var amount: Double
        /// Whether it waits until the last one is over, or comes in its middle.
        package var waits: Bool
    }

    /// How many faults a schedule has, at least.
    package static let count = 10

    package let seed: UInt64
    package let steps: [Step]

    /// The schedule of a seed.
    ///
    /// - Parameters:
    ///   - kinds: What may go wrong; each comes once before any comes twice.
    ///   - seconds: How long it goes on at least.
    package init(
        seed: UInt64, kinds: [FaultKind] = FaultKind.allCases, count: Int = Self.count, seconds: Double = 60
    ) {
        var generator = SeededGenerator(seed: seed)
        var bag: [FaultKind] = []
        let pause = seconds / Double(count)
        var steps: [Step] = []
        for index in 0..<count {
            if bag.isEmpty { bag = kinds.shuffled(using: &generator) }
            guard let kind = bag.popLast() else { break }
            let jitter = Double.random(in: -0.4...0.4, using: &generator)
            steps.append(
                Step(
                    time: (Double(index) + 0.5 + jitter) * pause, kind: kind,
                    amount: Double.random(in: 0...1, using: &generator),
                    // A quarter comes on top of the one before.
                    waits: index == 0 || Int.random(in: 0..<4, using: &generator) != 0))
        }
        self.seed = seed
        self.steps = steps
    }
}
