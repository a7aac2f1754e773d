import NIOCore

/// Carries bytes, FINs and resets between a socket and the pipe on its far side, both ways.
///
/// Towards the far side the socket is read only while the far side is writable. Towards the socket, bytes it does not
/// take at once are held, and the far side is told how many were passed on, so that its window closes.
final class Relay {
    private let near: any BytePipe
    private let far: any BytePipe
    private let budget: ReadBudget
    /// Of what the near side sent, the memory that the far side has not taken yet.
    private var underWay = 0
    private var mayRead = false
    /// Whether this relay says when the near side is read; of several that have the same one, one does.
    private var steersReading = true
    private var held = HeldBytes()
    private var written = 0
    private var farEndIsHeld = false
    private var nearHasEnded = false
    private var farHasEnded = false

    /// Joins two pipes; their owner passes on what they say.
    ///
    /// - Parameter budget: Bounds what all relays of this end have read from their near sides.
    init(near: any BytePipe, far: any BytePipe, budget: ReadBudget) {
        self.near = near
        self.far = far
        self.budget = budget
    }

    /// What a pipe that has ended never took is no more.
    deinit { self.budget.giveBack(self.underWay) }

    /// Whether both sides have ended and everything was passed on.
    var isFinished: Bool { self.nearHasEnded && self.farHasEnded && !self.farEndIsHeld }
    /// Whether bytes wait for the near side.
    var holdsBytes: Bool { !self.held.isEmpty }

    /// Bytes came from the near side.
    func nearSent(_ bytes: ByteBuffer) {
        let size = bytes.storageCapacity
        self.underWay += size
        self.budget.take(size)
        self.far.write(bytes) { self.farTook(size) }
    }

    private func farTook(_ size: Int) {
        self.underWay -= size
        self.budget.giveBack(size)
        self.readNear()
    }

    private func readNear() {
        guard self.steersReading else { return }
        let hasRoom = self.underWay == 0 || !self.budget.isFull
        self.near.setReading(self.mayRead && self.far.isWritable && hasRoom)
    }

    /// The near side ended its half.
    func nearEnded() {
        guard !self.nearHasEnded else { return }
        self.nearHasEnded = true
        self.far.finish()
    }

    /// Bytes came from the far side.
    func farSent(_ bytes: ByteBuffer) {
        guard self.held.isEmpty, self.near.isWritable else {
            self.held.append(bytes)
            return
        }
        self.near.write(bytes.compacted)
        self.written += bytes.readableBytes
    }

    /// The far side ended its half.
    func farEnded() {
        guard !self.farHasEnded else { return }
        self.farHasEnded = true
        if self.held.isEmpty {
            self.near.finish()
        } else {
            self.farEndIsHeld = true
        }
    }

    /// Sends what came from the near side, and reads on if the far side can take more.
    func flushFar(allowsReading: Bool) {
        self.far.flush()
        self.steersReading = true
        self.mayRead = allowsReading
        self.readNear()
    }

    /// Sends what came from the near side, and leaves it to others when to read on.
    func flushFarOnly() {
        self.steersReading = false
        self.far.flush()
    }

    /// Sends what came from the far side, and what was held of it as far as the near side takes it.
    func flushNear() {
        self.near.flush()
        while self.near.isWritable, let chunk = self.held.popFirst() {
            self.near.write(chunk)
            self.near.flush()
            self.written += chunk.readableBytes
        }
        if self.farEndIsHeld, self.held.isEmpty {
            self.farEndIsHeld = false
            self.near.finish()
        }
        let isWritable = self.near.isWritable
        if isWritable, self.written > 0 {
            let byteCount = self.written
            self.written = 0
            self.far.passedOn(byteCount: byteCount)
        }
        self.far.setReading(isWritable && self.held.isEmpty)
    }
}
