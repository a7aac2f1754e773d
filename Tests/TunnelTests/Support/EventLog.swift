import Testing

/// Collects a stream's events and waits for the one a test needs.
actor EventLog<Event: Sendable & Equatable> {
    private(set) var events: [Event] = []
    private var waiters: [(id: Int, matches: @Sendable ([Event]) -> Bool, resume: CheckedContinuation<Bool, Never>)] =
        []
    private var lastID = 0

    init(_ stream: AsyncStream<Event>) {
        Task { [weak self] in
            for await event in stream { await self?.append(event) }
        }
    }

    private func append(_ event: Event) {
        self.events.append(event)
        let events = self.events
        let met = self.waiters.filter { $0.matches(events) }
        self.waiters.removeAll { waiter in met.contains { $0.id == waiter.id } }
        for waiter in met { waiter.resume.resume(returning: true) }
    }

    private func giveUp(_ id: Int) {
        guard let index = self.waiters.firstIndex(where: { $0.id == id }) else { return }
        self.waiters.remove(at: index).resume.resume(returning: false)
    }

    /// Waits until the events so far satisfy the condition; `false` after 20 s.
    func wait(until matches: @escaping @Sendable ([Event]) -> Bool) async -> Bool {
        if matches(self.events) { return true }
        self.lastID += 1
        let id = self.lastID
        let timeout = Task {
            try await Task.sleep(for: .seconds(20))
            self.giveUp(id)
        }
        defer { timeout.cancel() }
        return await withCheckedContinuation { self.waiters.append((id, matches, $0)) }
    }

    func wait(for event: Event) async -> Bool {
        await self.wait { $0.contains(event) }
    }
}
