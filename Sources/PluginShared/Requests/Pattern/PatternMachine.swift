/// Runs a pattern over a value: all places in the program that the bytes so far can lead to, each once a byte. So the work is
/// at most the value's length times the program's, whatever the pattern.
struct PatternMachine: ~Copyable {
    private let program: PatternProgram
    private let bytes: UnsafeRawBufferPointer
    /// Where the program can be, before the next byte: `count` of them count.
    private var places: UnsafeMutableBufferPointer<UInt32>
    private var count = 0
    private var nextPlaces: UnsafeMutableBufferPointer<UInt32>
    private var nextCount = 0
    /// Places that are still to be followed.
    private let pending: UnsafeMutableBufferPointer<UInt32>
    /// For each place, behind how many bytes it was reached last, plus one.
    private let marks: UnsafeMutableBufferPointer<UInt32>
    private var hasMatched = false
    /// How many more places may be visited.
    private var budget: Int

    /// Whether the pattern matches anywhere in the value.
    ///
    /// - Parameters:
    ///   - bytes: The value; shorter than 2³² - 1 bytes.
    ///   - budget: How many places in the program may be visited; less by those that were. Without any left there is no match.
    static func matches(_ program: PatternProgram, _ bytes: UnsafeRawBufferPointer, budget: inout Int) -> Bool {
        let size = program.instructions.count
        return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 4 * size) { memory in
            memory.initialize(repeating: 0)
            var machine = PatternMachine(program, bytes, memory, size, budget)
            defer { budget = machine.budget }
            return machine.run()
        }
    }

    /// - Parameter memory: Four times as many as there are instructions: no list can have more places than the program.
    private init(
        _ program: PatternProgram, _ bytes: UnsafeRawBufferPointer, _ memory: UnsafeMutableBufferPointer<UInt32>,
        _ size: Int, _ budget: Int
    ) {
        func part(_ index: Int) -> UnsafeMutableBufferPointer<UInt32> {
            UnsafeMutableBufferPointer(rebasing: memory[(index * size)..<((index + 1) * size)])
        }
        self.program = program
        self.bytes = bytes
        self.places = part(0)
        self.nextPlaces = part(1)
        self.pending = part(2)
        self.marks = part(3)
        self.budget = budget
    }

    private mutating func run() -> Bool {
        let isAnchored = self.program.isAnchored
        self.follow(0, at: 0)
        for position in 0..<self.bytes.count {
            swap(&self.places, &self.nextPlaces)
            (self.count, self.nextCount) = (self.nextCount, 0)
            guard !self.hasMatched, self.budget > 0, self.count > 0 || !isAnchored else { break }
            let byte = self.bytes[position]
            for index in 0..<self.count {
                let place = self.places[index]
                let goesOn =
                    switch self.program.instructions[Int(place)] {
                    case .byte(let expected): byte == expected
                    case .set(let set): self.program.sets[Int(set)].contains(byte)
                    case .split, .jump, .start, .end, .match: false
                    }
                if goesOn { self.follow(place + 1, at: position + 1) }
            }
            if !isAnchored { self.follow(0, at: position + 1) }
        }
        return self.hasMatched
    }

    /// Goes to a place, and on to all that can be reached from there without a byte.
    private mutating func follow(_ place: UInt32, at position: Int) {
        var count = 0
        self.add(place, at: position, &count)
        while count > 0 {
            count -= 1
            self.budget -= 1
            let place = self.pending[count]
            switch self.program.instructions[Int(place)] {
            case .byte, .set:
                self.nextPlaces[self.nextCount] = place
                self.nextCount += 1
            case .split(let first, let second):
                self.add(UInt32(first), at: position, &count)
                self.add(UInt32(second), at: position, &count)
            case .jump(let target): self.add(UInt32(target), at: position, &count)
            case .start: if position == 0 { self.add(place + 1, at: position, &count) }
            case .end: if position == self.bytes.count { self.add(place + 1, at: position, &count) }
            case .match: self.hasMatched = true
            }
        }
    }

    private mutating func add(_ place: UInt32, at position: Int, _ count: inout Int) {
        let mark = UInt32(truncatingIfNeeded: position + 1)
        guard self.marks[Int(place)] != mark else { return }
        self.marks[Int(place)] = mark
        self.pending[count] = place
        count += 1
    }
}
