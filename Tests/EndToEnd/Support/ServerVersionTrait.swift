import Testing

extension Trait where Self == ConditionTrait {
    /// A test that is about servers before a minor version; elsewhere it is left out, and counted so.
    static func servers(before minor: Int, _ why: Comment) -> Self {
        .enabled(if: Lab.serverMinor < minor, why)
    }
}
