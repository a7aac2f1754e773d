/// What about a request's method decides where its answer ends (RFC 9112 §6.3).
public enum MethodKind: Sendable, Hashable {
    /// HEAD: the answer has no body, whatever its fields say.
    case head
    /// CONNECT: behind an answer with 2xx nothing is HTTP any more.
    case connect
    /// Any other.
    case ordinary

    /// The kind of the method in these bytes; methods have a case.
    ///
    /// - Parameter range: It lies within the buffer.
    init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        func isEqual(_ method: StaticString) -> Bool {
            guard range.count == method.utf8CodeUnitCount else { return false }
            for offset in 0..<range.count where bytes[range.lowerBound + offset] != method.utf8Start[offset] {
                return false
            }
            return true
        }
        self = isEqual("HEAD") ? .head : isEqual("CONNECT") ? .connect : .ordinary
    }
}
