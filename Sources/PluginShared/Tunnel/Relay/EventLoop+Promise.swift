import NIOCore

extension EventLoop {
    /// A promise of this loop that reports the end, however it ends; `nil` where none is wanted. To be called on the loop.
    func promise(calling body: (() -> Void)?) -> EventLoopPromise<Void>? {
        guard let body else { return nil }
        let promise = self.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { _ in body() }
        return promise
    }
}
