import NIOCore

/// One end of a connection that carries bytes both ways: a TCP socket, or a stream of the tunnel.
///
/// All of a pipe's methods and its owner's run on the one event loop of its tunnel end.
protocol BytePipe: AnyObject {
    /// Told of everything that arrives; set to `nil` when the pipe is done, which also frees it.
    var owner: (any BytePipeOwner)? { get set }
    /// Whether more bytes can be written without piling up.
    var isWritable: Bool { get }
    /// Queues bytes; `sent` is called once, when they are on their way or will never be.
    func write(_ bytes: ByteBuffer, sent: (() -> Void)?)
    /// Sends what was queued.
    func flush()
    /// Sends FIN, or END_STREAM, after everything that was written.
    func finish()
    /// Sends RST, or RST_STREAM; drops what was not sent yet. Harmless on a pipe that has ended.
    func reset()
    /// Starts or stops reading, where stopping is how the peer is slowed down.
    func setReading(_ isReading: Bool)
    /// Says that so many of the bytes received were passed on, where that is how the peer is slowed down.
    func passedOn(byteCount: Int)
    /// Puts handlers into its channel, for which it is the socket.
    func add(_ handlers: [any ChannelHandler]) throws
}

extension BytePipe {
    /// Queues bytes.
    func write(_ bytes: ByteBuffer) { self.write(bytes, sent: nil) }
}

/// What a pipe reports to its owner.
protocol BytePipeOwner: AnyObject {
    /// Bytes came.
    func pipe(_ pipe: any BytePipe, received bytes: ByteBuffer)
    /// No more bytes are available for now: a good moment to flush.
    func pipeReadComplete(_ pipe: any BytePipe)
    /// FIN, or END_STREAM, came.
    func pipeEnded(_ pipe: any BytePipe)
    /// The pipe is gone without having ended properly: reset, refused or lost.
    func pipeFailed(_ pipe: any BytePipe)
    /// `isWritable` has changed.
    func pipeWritabilityChanged(_ pipe: any BytePipe)
}
