/// Columns as kubectl prints them: three spaces apart, no lines, nothing behind the last.
public struct Table: Sendable, Equatable {
    private var rows: [[String]]

    /// A table with these headings.
    public init(_ headings: [String]) {
        self.rows = [headings]
    }

    /// Adds a row; empty cells are shown as `<none>`.
    public mutating func append(_ cells: [String]) {
        self.rows.append(cells.map { $0.isEmpty ? "<none>" : $0 })
    }

    /// The text, without a newline at the end.
    public var text: String {
        let columns = self.rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            self.rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
        }
        return self.rows.map { row in
            row.enumerated().map { column, cell in
                column == row.count - 1
                    ? cell : cell + String(repeating: " ", count: widths[column] - cell.count + 3)
            }.joined()
        }.joined(separator: "\n")
    }
}
