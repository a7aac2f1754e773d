extension RequestHead {
    /// The head without its offer to speak HTTP/2 on this connection from here on; `nil` where it makes none.
    ///
    /// The offer is made to whoever is next, not to the server (RFC 9110 §7.8). Who took it would get all that follows, whosever it is. One
    /// that is not made as it should be is taken out, too: some servers look for less of it.
    public var withoutHTTP2: RequestHead? {
        var edits: [(range: Range<Int>, bytes: [UInt8])] = []
        let offers = self.keep(in: "upgrade", &edits) { $0 != Array("h2c".utf8) }
        guard !edits.isEmpty else { return nil }
        _ = self.keep(in: "http2-settings", &edits) { _ in false }
        _ = self.keep(in: "connection", &edits) {
            $0 != Array("http2-settings".utf8) && ($0 != Array("upgrade".utf8) || offers)
        }
        var reader = RequestHeadReader()
        let bytes = self.fields.bytes(with: edits)
        guard case .head(let head) = bytes.withUnsafeBytes({ reader.read($0) }) else { return nil }
        return head
    }

    /// Leaves words out of a list, and its fields where no word is left; whether one is.
    ///
    /// - Parameter isKept: Told a word in lower case.
    private func keep(
        in name: String, _ edits: inout [(range: Range<Int>, bytes: [UInt8])], _ isKept: ([UInt8]) -> Bool
    ) -> Bool {
        let index = self.fields.index
        let name = Array(name.utf8)
        var hasAny = false
        for (position, field) in index.enumerated() {
            let words = self.fields.bytes.withUnsafeBytes { bytes -> [[UInt8]]? in
                guard field.isNamed(name, in: bytes) else { return nil }
                var rest: Range<Int>? = field.value
                var words: [[UInt8]] = []
                while let word = bytes.nextPart(&rest, separator: UInt8(ascii: ",")) {
                    words.append(Array(bytes[word]))
                }
                return words
            }
            guard let words else { continue }
            let kept = words.filter { isKept($0.map(\.lowercased)) }
            hasAny = hasAny || kept.contains { !$0.isEmpty }
            guard kept.count < words.count else { continue }
            let next = position + 1 < index.count ? index[position + 1].name.lowerBound : self.fields.end.lowerBound
            edits.append(
                kept.isEmpty
                    ? (field.name.lowerBound..<next, [])
                    : (field.value, Array(kept.joined(separator: Array(", ".utf8)))))
        }
        return hasAny
    }
}
