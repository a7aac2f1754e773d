import FoundationEssentials
import NIOCore
import NIOPosix

/// The socket on which a running session answers other commands: a line there, a line back.
enum ControlSocket {
    /// What can be asked for.
    enum Command: String, Sendable {
        /// ``UpStatus`` as JSON.
        case status
        /// The end; the answer comes when it has begun.
        case down
    }

    /// The longest line, in bytes.
    private static let longestLine = 65_536

    /// Starts to answer.
    static func serve(
        path: String, group: any EventLoopGroup, answer: @escaping @Sendable (Command) async -> String
    ) async throws -> any Channel {
        try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answering(answer: answer))
                }
            }
            .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
    }

    /// Asks a session; `nil` when it does not answer.
    static func ask(
        _ command: Command, path: String, group: any EventLoopGroup, within limit: TimeAmount = .seconds(5)
    ) async -> String? {
        let promise = group.next().makePromise(of: String.self)
        let connecting = ClientBootstrap(group: promise.futureResult.eventLoop)
            .connectTimeout(limit)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Asking(command: command, promise: promise))
                }
            }
            .connect(unixDomainSocketPath: path)
        connecting.whenFailure { promise.fail($0) }
        let timeout = promise.futureResult.eventLoop.scheduleTask(in: limit) {
            promise.fail(ChannelError.connectTimeout(limit))
        }
        let answer = try? await promise.futureResult.get()
        timeout.cancel()
        connecting.whenSuccess { $0.close(promise: nil) }
        return answer
    }

    /// Collects one line.
    private struct Line {
        private var bytes: [UInt8] = []

        /// The line, when it is whole.
        mutating func received(_ buffer: ByteBuffer) -> String? {
            self.bytes += buffer.readableBytesView
            guard let end = self.bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            return String(decoding: self.bytes[..<end], as: UTF8.self)
        }

        var isTooLong: Bool { self.bytes.count > ControlSocket.longestLine }
    }

    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let answer: @Sendable (Command) async -> String
        private var line = Line()

        init(answer: @escaping @Sendable (Command) async -> String) {
            self.answer = answer
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard let text = self.line.received(self.unwrapInboundIn(data)) else {
                if self.line.isTooLong { context.close(promise: nil) }
                return
            }
            guard let command = Command(rawValue: text) else { return context.close(promise: nil) }
            let (channel, answer) = (context.channel, self.answer)
            Task {
                let line = ByteBuffer(string: await answer(command) + "\n")
                try? await channel.writeAndFlush(line)
                try? await channel.close()
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private final class Asking: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let command: Command
        private let promise: EventLoopPromise<String>
        private var line = Line()

        init(command: Command, promise: EventLoopPromise<String>) {
            self.command = command
            self.promise = promise
        }

        func channelActive(context: ChannelHandlerContext) {
            context.writeAndFlush(
                self.wrapOutboundOut(ByteBuffer(string: self.command.rawValue + "\n")), promise: nil)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if let text = self.line.received(self.unwrapInboundIn(data)) { self.promise.succeed(text) }
        }

        func channelInactive(context: ChannelHandlerContext) { self.promise.fail(ChannelError.eof) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { self.promise.fail(error) }
    }
}
