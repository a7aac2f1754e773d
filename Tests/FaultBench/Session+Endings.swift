extension History.Session {
    /// What its report calls the begin of an end.
    private static let endingEvents: Set = ["ending", "failed", "displaced"]

    /// When it said one of these events, and not these words, in the clock of the history.
    private func moments(of events: Set<String>, without words: String? = nil) -> [Double] {
        self.said.split(separator: "\n").compactMap { line in
            guard events.contains(where: { line.contains("\"event\":\"\($0)\"") }),
                words.map({ !line.contains("\"message\":\"\($0)") }) ?? true,
                let at = line.split(separator: "\"at\":").last?.prefix(while: { $0.isNumber || $0 == "." })
            else { return nil }
            return Double(at).map { self.begin + $0 }
        }
    }

    /// When it began to end for another reason than a signal, by what it said.
    var endings: [Double] { self.moments(of: Self.endingEvents, without: "interrupted") }

    /// When it gave the Service back because its proxy did not notice either that the tunnel was lost.
    var silences: [Double] { self.moments(of: ["proxy-silent"]) }

    /// Whether it was coming to its end for another reason than a signal.
    func isEnding(at moment: Double) -> Bool {
        self.endings.contains { $0 <= moment } && moment <= (self.end ?? .infinity)
    }
}
