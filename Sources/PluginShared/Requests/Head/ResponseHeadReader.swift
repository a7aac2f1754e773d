/// Reads one answer's head as its bytes come.
public struct ResponseHeadReader: Sendable {
    private var lines = HeadLines<StatusLine>()
    private let method: MethodKind

    /// A reader of the next answer's head.
    ///
    /// - Parameter method: That of the request that it answers.
    public init(answering method: MethodKind) {
        self.method = method
    }

    /// Goes on reading. In how many pieces a head comes changes neither the result nor, in total, the work.
    ///
    /// - Parameter bytes: All bytes from the head's first on: those of the last call and what has come since.
    public mutating func read(_ bytes: UnsafeRawBufferPointer) -> HeadReading<ResponseHead> {
        do throws(FramingAmbiguity) {
            guard let count = try self.lines.read(bytes), let line = self.lines.startLine else { return .incomplete }
            let head = UnsafeRawBufferPointer(rebasing: bytes[..<count])
            return .head(try ResponseHead(head, line, self.lines.fields, answering: self.method))
        } catch {
            return .ambiguous(error)
        }
    }
}
