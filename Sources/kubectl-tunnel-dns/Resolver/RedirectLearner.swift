#if os(Linux)
    import NIOCore
    import Names

    /// Keeps the kernel's table at what names have said lately.
    actor RedirectLearner {
        private let policy: EgressPolicy
        private let link: NetworkLink
        private let table: RedirectTable
        private let failed: @Sendable (String) -> Void
        private var book = RedirectBook()
        private var last: Task<Void, Never>?
        private var isStopped = false

        /// - Parameter failed: Hears that the table cannot be changed any more, and why.
        init(
            policy: EgressPolicy, link: NetworkLink, table: RedirectTable, failed: @escaping @Sendable (String) -> Void
        ) {
            self.policy = policy
            self.link = link
            self.table = table
            self.failed = failed
        }

        /// How many targets there are.
        var count: Int { self.book.count }

        /// Takes a response in; when it returns, its addresses can be connected to.
        func learn(_ response: DNSMessage) async {
            let change = self.book.take(self.policy.targets(of: response, now: Self.now()), now: Self.now())
            for target in change.added { self.link.makeReachable(target.address) }
            if let line = RedirectRules.orders(change) { self.order(line) }
            // Also where nothing is new: it may be on its way into the kernel.
            await self.last?.value
        }

        /// Forgets old targets, and sees that the table and the routes are still there.
        func lookAfter() async {
            self.link.keepReachable()
            self.order(RedirectRules.orders(self.book.expire(now: Self.now())) ?? "")
            await self.last?.value
        }

        /// The table is taken away now.
        func stop() { self.isStopped = true }

        private func order(_ line: String) {
            let (before, table) = (self.last, self.table)
            self.last = Task {
                await before?.value
                guard !self.isStopped else { return }
                do { try await table.run(line) } catch { self.fail("\(error)") }
            }
        }

        private func fail(_ reason: String) {
            guard !self.isStopped else { return }
            self.isStopped = true
            self.failed("the kernel's redirect is gone: \(reason)")
        }

        /// Monotonic time since an arbitrary moment.
        private static func now() -> Duration {
            .nanoseconds(Int64(clamping: NIODeadline.now().uptimeNanoseconds))
        }
    }
#endif
