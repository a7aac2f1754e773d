import FaultBench
import Testing

@Suite struct ScheduleTests {
    @Test("a seed is always the same schedule, and another seed another")
    func replay() {
        #expect(Schedule(seed: 7) == Schedule(seed: 7))
        #expect(Schedule(seed: 7).steps != Schedule(seed: 8).steps)
    }

    @Test(
        "each of 50 seeds has ten faults of ten kinds over a minute, in order", arguments: 1...50 as ClosedRange<UInt64>
    )
    func each(seed: UInt64) {
        let steps = Schedule(seed: seed).steps
        #expect(steps.count == 10)
        #expect(Set(steps.map(\.kind)).count == 10)
        #expect(steps.map(\.time) == steps.map(\.time).sorted())
        #expect((steps.first?.time ?? 99) < 6 && (steps.last?.time ?? 0) > 54)
        #expect(steps.first?.waits == true)
    }

    @Test("50 seeds contain every kind, also on top of another")
    func all() {
        let steps = (1...50).flatMap { Schedule(seed: $0).steps }
        #expect(Set(steps.map(\.kind)) == Set(FaultKind.allCases))
        let overlapping = steps.count { !$0.waits }
        #expect((50...200).contains(overlapping), "\(overlapping)")
    }

    @Test("kinds that cannot be done are left out, and the others come again")
    func some() {
        let steps = Schedule(seed: 1, kinds: [.deletePod, .linkReset, .interrupt]).steps
        #expect(Set(steps.map(\.kind)) == [.deletePod, .linkReset, .interrupt])
        #expect(steps.count == 10)
    }
}
