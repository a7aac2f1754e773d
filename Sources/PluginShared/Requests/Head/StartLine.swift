/// A head's first line.
protocol StartLine: Sendable {
    /// Reads the line.
    ///
    /// - Parameter line: Where it lies in the buffer, without CRLF. It is not empty, ends before ``HeadLines``' limit, and
    ///   has no control character but tabs.
    init(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) throws(FramingAmbiguity)
}
