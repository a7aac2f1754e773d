/// Where path and query lie in a request's target (RFC 9112 §3.2).
struct RequestTarget {
    /// Without the query; empty for `http://web` alone, which means `/`. `nil` for targets without one: `*`, and CONNECT's.
    let path: Range<Int>?
    /// What stands between `?` and `#`, which ends a target that should not have one.
    let query: Range<Int>?

    /// Looks at a target.
    ///
    /// - Parameter target: It lies within the buffer.
    init(_ bytes: UnsafeRawBufferPointer, _ target: Range<Int>) {
        func first(of ends: StaticString, from start: Int) -> Int {
            var position = start
            while position < target.upperBound {
                for index in 0..<ends.utf8CodeUnitCount where bytes[position] == ends.utf8Start[index] {
                    return position
                }
                position += 1
            }
            return position
        }
        var start = target.lowerBound
        if target.isEmpty || bytes[start] != UInt8(ascii: "/") {
            let colon = first(of: ":/?#", from: start)
            guard colon > start, colon + 2 < target.upperBound, bytes[colon] == UInt8(ascii: ":"),
                bytes[colon + 1] == UInt8(ascii: "/"), bytes[colon + 2] == UInt8(ascii: "/")
            else {
                self.path = nil
                self.query = nil
                return
            }
            start = first(of: "/?#", from: colon + 3)
        }
        let end = first(of: "?#", from: start)
        self.path = start..<end
        guard end < target.upperBound, bytes[end] == UInt8(ascii: "?") else {
            self.query = nil
            return
        }
        self.query = (end + 1)..<first(of: "#", from: end + 1)
    }
}
