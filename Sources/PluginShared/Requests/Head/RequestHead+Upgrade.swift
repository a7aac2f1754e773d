extension RequestHead {
    /// The head without its offer to speak HTTP/2 on this connection from here on; `nil` where it makes none.
    ///
    /// The offer is made to whoever is next, not to the server (RFC 9110 §7.8). Who took it would get all that follows, whosever it is.
    public var withoutHTTP2: RequestHead? {
        guard self.upgrade != nil else { return nil }
        var edits: [(range: Range<Int>, bytes: [UInt8])] = []
        let offers = self.keep(in: "upgrade", &edits) { $0 != "h2c" }
        guard !edits.isEmpty else { return nil }
        _ = self.keep(in: "http2-settings", &edits) { _ in false }
        _ = self.keep(in: "connection", &edits) { $0 != "http2-settings" && ($0 != "upgrade" || offers) }
        var reader = RequestHeadReader()
        let bytes = self.fields.bytes(with: edits)
        guard case .head(let head) = bytes.withUnsafeBytes({ reader.read($0) }) else { return nil }
        return head
    }

    /// Leaves words out of a list, and its fields where no word is left; whether one is.
    private func keep(
        in name: String, _ edits: inout [(range: Range<Int>, bytes: [UInt8])], _ isKept: (String) -> Bool
    ) -> Bool {
        let index = self.fields.index
        let name = Array(name.utf8)
        var hasAny = false
        for (position, field) in index.enumerated() {
            guard self.fields.bytes.withUnsafeBytes({ field.isNamed(name, in: $0) }) else { continue }
            let words = String(decoding: self.fields.bytes[field.value], as: UTF8.self).split(separator: ",").map {
                word in
                String(word.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
            }
            let kept = words.filter { isKept($0.lowercased()) }
            hasAny = hasAny || !kept.isEmpty
            guard kept.count < words.count else { continue }
            let next = position + 1 < index.count ? index[position + 1].name.lowerBound : self.fields.end.lowerBound
            edits.append(
                kept.isEmpty
                    ? (field.name.lowerBound..<next, []) : (field.value, Array(kept.joined(separator: ", ").utf8)))
        }
        return hasAny
    }
}
