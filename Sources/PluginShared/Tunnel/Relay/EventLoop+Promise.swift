import NIOCore

extension EventLoop {
    /// A promise of this loop whose end is told, however it ends; `nil` where nobody is to be told. To be called on the loop.
    func promise(calling body: (() -> Void)?) -> EventLoopPromise<Void>? {
        guard let body else { return nil }
        let promise = self.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { _ in body() }
        return promise
    }
}
