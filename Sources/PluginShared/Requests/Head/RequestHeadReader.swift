/// Reads one request's head as its bytes come.
public struct RequestHeadReader: Sendable {
    private var lines = HeadLines<RequestLine>()

    /// A reader of the next head of a connection.
    public init() {}

    /// Goes on reading. In how many pieces a head comes changes neither the result nor, in total, the work.
    ///
    /// - Parameter bytes: All bytes from the head's first on: those of the last call and what has come since.
    public mutating func read(_ bytes: UnsafeRawBufferPointer) -> HeadReading<RequestHead> {
        do throws(FramingAmbiguity) {
            guard let count = try self.lines.read(bytes), let line = self.lines.startLine else { return .incomplete }
            return .head(try RequestHead(UnsafeRawBufferPointer(rebasing: bytes[..<count]), line, self.lines.fields))
        } catch {
            return .ambiguous(error)
        }
    }
}
