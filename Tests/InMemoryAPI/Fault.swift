public import Kubernetes

/// What happens to some requests on their way.
public struct Fault: Sendable {
    /// What becomes of a request.
    public enum Effect: Sendable {
        /// It never came to the server.
        case lostBefore
        /// It was carried out, and nobody heard of it.
        case lostAfter
        /// It was carried out twice: the second answer is heard, as of a proxy that repeats a request.
        case repeated
        /// A client in between, or the server, answers this instead of carrying it out.
        case answer(status: Int, body: String)
    }

    private let effect: Effect
    private let matches: @Sendable (APIRequest) -> Bool
    private var skip: Int
    private var times: Int

    /// A fault.
    ///
    /// - Parameters:
    ///   - skipping: How many requests that fit are let through first.
    ///   - times: How many of the next ones it meets.
    public init(
        _ effect: Effect, skipping: Int = 0, times: Int = 1,
        where matches: @escaping @Sendable (APIRequest) -> Bool = { _ in true }
    ) {
        self.effect = effect
        self.matches = matches
        self.skip = skipping
        self.times = times
    }

    /// Whether it is about this request, and not over yet.
    func fits(_ request: APIRequest) -> Bool { self.times > 0 && self.matches(request) }

    /// What happens to the next request that fits; `nil` where it is let through.
    mutating func next() -> Effect? {
        guard self.skip == 0 else {
            self.skip -= 1
            return nil
        }
        self.times -= 1
        return self.effect
    }
}
