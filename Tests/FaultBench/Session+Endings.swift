extension History.Session {
    /// What its report calls the begin of an end.
    private static let events = ["ending", "failed", "displaced"].map { "\"event\":\"\($0)\"" }

    /// When it began to end for another reason than a signal, by what it said.
    var endings: [Double] {
        self.said.split(separator: "\n").compactMap { line in
            guard Self.events.contains(where: line.contains), !line.contains("\"message\":\"interrupted"),
                let at = line.split(separator: "\"at\":").last?.prefix(while: { $0.isNumber || $0 == "." })
            else { return nil }
            return Double(at).map { self.begin + $0 }
        }
    }

    /// Whether it was coming to its end for another reason than a signal.
    func isEnding(at moment: Double) -> Bool {
        self.endings.contains { $0 <= moment } && moment <= (self.end ?? .infinity)
    }
}
