import Glibc
import Synchronization

/// A network that takes its time: bytes arrive so much later than they were sent, at any rate.
///
/// The relay of the fault bench holds at most 1 MiB on a way, which is 100 MB/s at 10 ms; this one is to measure bulk.
final class DelayRelay: Sendable {
    private let listener: Socket
    private let host: String
    private let port: UInt16
    private let delay: Int

    /// - Parameter delayMilliseconds: One way.
    init(listen: UInt16, host: String, port: UInt16, delayMilliseconds: Int) throws(SocketError) {
        self.listener = try Socket.listen("127.0.0.1", listen)
        (self.host, self.port, self.delay) = (host, port, delayMilliseconds * 1_000_000)
    }

    func run() {
        while let near = self.listener.accept() {
            onThread {
                guard let far = try? Socket.connect(self.host, self.port) else { return near.close() }
                far.limit(seconds: 0)
                self.carry(from: near, to: far)
                self.carry(from: far, to: near)
            }
        }
    }

    private func carry(from source: Socket, to sink: Socket) {
        let road = Road()
        onThread {
            while true {
                let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 18) { buffer, count in
                    count = max(0, (try? source.receive(UnsafeMutableRawBufferPointer(buffer))) ?? 0)
                }
                road.add(bytes, due: now() + self.delay)
                if bytes.isEmpty { return }
            }
        }
        onThread {
            while true {
                let (bytes, due) = road.next()
                let wait = due - now()
                if wait > 0 { self.sleep(nanoseconds: wait) }
                if bytes.isEmpty { return sink.finish() }
                let isSent = bytes.withUnsafeBytes { (try? sink.send($0)) != nil }
                if !isSent { shutdown(source.fd, Int32(SHUT_RD)) }
            }
        }
    }

    private func sleep(nanoseconds: Int) {
        var time = timespec(tv_sec: nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
        nanosleep(&time, nil)
    }
}

/// The bytes of one direction that are under way. Unchecked: the lock guards everything.
private final class Road: @unchecked Sendable {
    /// 64 MiB, as much as no window that is measured here holds.
    private static let limit = 64 << 20

    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var pieces: [(bytes: [UInt8], due: Int)] = []
    private var start = 0
    private var count = 0

    init() {
        pthread_mutex_init(self.lock, nil)
        pthread_cond_init(self.changed, nil)
    }

    deinit {
        pthread_mutex_destroy(self.lock)
        pthread_cond_destroy(self.changed)
        self.lock.deallocate()
        self.changed.deallocate()
    }

    func add(_ bytes: [UInt8], due: Int) {
        pthread_mutex_lock(self.lock)
        while self.count > Self.limit { pthread_cond_wait(self.changed, self.lock) }
        self.pieces.append((bytes, due))
        self.count += bytes.count
        pthread_cond_broadcast(self.changed)
        pthread_mutex_unlock(self.lock)
    }

    func next() -> (bytes: [UInt8], due: Int) {
        pthread_mutex_lock(self.lock)
        defer { pthread_mutex_unlock(self.lock) }
        while self.start == self.pieces.count { pthread_cond_wait(self.changed, self.lock) }
        let piece = self.pieces[self.start]
        self.start += 1
        self.count -= piece.bytes.count
        if self.start == self.pieces.count {
            self.pieces.removeAll(keepingCapacity: true)
            self.start = 0
        }
        pthread_cond_broadcast(self.changed)
        return piece
    }
}
