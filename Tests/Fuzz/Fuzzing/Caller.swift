import NIOCore
import NIOEmbedded

@testable import Tunnel

/// A caller of the Service: its socket, joined to a stream.
final class Caller: StreamPipeOwner {
    private let socket: SocketPipe
    private var stream: StreamPipe?
    private var relay: Relay?

    init(_ socket: SocketPipe) {
        self.socket = socket
    }

    func use(_ stream: StreamPipe) {
        self.stream = stream
        self.socket.owner = self
        self.relay = Relay(near: self.socket, far: stream, budget: ReadBudget())
    }

    func streamAccepted(_ stream: StreamPipe) {
        self.relay?.flushFar(allowsReading: true)
    }

    func pipe(_ pipe: any BytePipe, received bytes: ByteBuffer) {
        if pipe === self.socket { self.relay?.nearSent(bytes) } else { self.relay?.farSent(bytes) }
    }

    func pipeReadComplete(_ pipe: any BytePipe) {
        if pipe === self.socket { self.relay?.flushFar(allowsReading: true) } else { self.relay?.flushNear() }
    }

    func pipeEnded(_ pipe: any BytePipe) {
        if pipe === self.socket { self.relay?.nearEnded() } else { self.relay?.farEnded() }
    }

    func pipeFailed(_ pipe: any BytePipe) {
        self.relay = nil
        self.socket.reset()
        self.stream?.owner = nil
        self.stream?.reset()
        self.stream = nil
    }

    func pipeWritabilityChanged(_ pipe: any BytePipe) {
        if pipe === self.socket { self.relay?.flushNear() } else { self.relay?.flushFar(allowsReading: true) }
    }
}

/// Passes on what a link says, to a stage that is not made yet when the link is.
final class Later: TunnelLinkOwner, TunnelStreamServer {
    weak var stage: LinkStage?

    func linkCameUp(_ link: TunnelLink) { self.stage?.linkCameUp(link) }
    func link(_ link: TunnelLink, closed reason: String) { self.stage?.link(link, closed: reason) }
    func link(_ link: TunnelLink, received control: String) { self.stage?.link(link, received: control) }
    func link(_ link: TunnelLink, asked stream: StreamPipe, route: String, caller: String) {
        self.stage?.link(link, asked: stream, route: route, caller: caller)
    }
}

/// Embedded channels take the closing of one half for the closing of both.
final class HalfClose: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .all else {
            promise?.succeed(())
            return
        }
        context.close(mode: mode, promise: promise)
    }
}
