/// A path of the API: a collection, or an object in one.
struct ObjectPath: Sendable {
    /// The collection's path.
    let collection: String
    /// The last word of that: `services`.
    let plural: String
    /// The object's name; `nil` for the collection.
    let name: String?

    /// `/api/v1/…` has one word less than `/apis/GROUP/VERSION/…`.
    init(_ path: String) {
        let words = path.split(separator: "/").map(String.init)
        let prefix = words.first == "api" ? 2 : 3
        let isNamespaced = words.count > prefix + 2 && words[prefix] == "namespaces"
        let last = isNamespaced ? prefix + 2 : prefix
        self.plural = last < words.count ? words[last] : ""
        self.name = last + 1 < words.count ? words[last + 1] : nil
        self.collection = "/" + words.prefix(last + 1).joined(separator: "/")
    }

    /// The path of an object of the collection.
    func path(of name: String) -> String { "\(self.collection)/\(name)" }

    /// Whether the object at a path is of the collection.
    func holds(_ path: String) -> Bool { ObjectPath(path).collection == self.collection }
}
