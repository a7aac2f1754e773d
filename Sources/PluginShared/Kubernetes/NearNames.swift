/// Names that the user may have meant.
public enum NearNames {
    /// The names most like a misspelt one, at most three: for "did you mean".
    public static func nearest(to name: String, among names: [String]) -> [String] {
        let limit = max(1, name.count / 3)
        let near = names.map { (name: $0, distance: Self.distance(name, $0)) }
            .filter { $0.distance <= limit || $0.name.contains(name) || name.contains($0.name) }
        return near.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
    }

    /// How many letters have to be put in, taken out, replaced, or swapped with their neighbour (optimal string
    /// alignment).
    private static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left), Array(right))
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for (row, character) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                let replaced = previous[column] + (character == other ? 0 : 1)
                var best = min(replaced, previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, character == right[column - 1], left[row - 1] == other {
                    best = min(best, beforePrevious[column - 1] + 1)
                }
                current.append(best)
            }
            (beforePrevious, previous) = (previous, current)
        }
        return previous[right.count]
    }
}
