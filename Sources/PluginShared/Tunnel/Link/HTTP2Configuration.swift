import NIOCore
import NIOHTTP2

/// Every knob of swift-nio-http2 that matters to a tunnel, and why it is set so.
///
/// The library's defaults defend a public server against strangers; this link's peer has proved who it is.
enum HTTP2Configuration {
    /// Streams one link may carry at once: 16,384, three times the 5,000 connections that are held.
    static let maximumStreams = 16_384
    /// The window of the whole connection: 1 GiB, so that it never holds a stream up. What bounds memory is the sum of
    /// the streams' windows (`WindowBudget`).
    static let connectionWindow = 1 << 30
    /// The window HTTP/2 gives a connection before the first WINDOW_UPDATE, in bytes (RFC 9113 §6.9.2).
    static let defaultWindow = 65_535
    /// Bytes of the link's own socket buffer above which streams stop writing: 256 KiB; below 64 KiB they continue. Every
    /// change reaches every stream, so it should be rare; what lies here delays what comes after it.
    static let linkWatermark = ChannelOptions.Types.WriteBufferWaterMark(low: 65_536, high: 262_144)

    /// The settings of the connection.
    static func connection(role: HTTP2Role, budget: WindowBudget) -> NIOHTTP2Handler.ConnectionConfiguration {
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        var settings = [
            // Default 100: more would be refused.
            HTTP2Setting(parameter: .maxConcurrentStreams, value: HTTP2Configuration.maximumStreams),
            // What a stream may send before its first WINDOW_UPDATE; never changed later, since the library would then
            // begin to open windows by itself.
            HTTP2Setting(parameter: .initialWindowSize, value: budget.initialWindow),
            // As much as a socket is read at once. HTTP/2's default, 16 KiB, costs a tenth more processor time for bulk;
            // what a frame holds up is little beside `linkWatermark`.
            HTTP2Setting(parameter: .maxFrameSize, value: 65_536),
            // Our headers have a few hundred bytes; 16 KiB is the library's default.
            HTTP2Setting(parameter: .maxHeaderListSize, value: 16_384),
        ]
        if role == .client { settings.append(HTTP2Setting(parameter: .enablePush, value: 0)) }
        configuration.initialSettings = settings
        configuration.targetWindowSize = HTTP2Configuration.connectionWindow
        // Default 32: DATA that was in flight to an older reset stream would end the connection (STREAM_CLOSED).
        configuration.maximumRecentlyResetStreams = HTTP2Configuration.maximumStreams
        // Default 200 for the life of the connection, never decaying: a tunnel that lives for days would die of it.
        configuration.maximumConnectionGlitches = Int.max
        // Default 1. Empty DATA frames are never sent without END_STREAM; a few are no reason to end the tunnel.
        configuration.maximumSequentialEmptyDataFrames = 64
        // Default 10,000: 5,000 streams that are reset while the socket is full queue twice as many frames.
        configuration.maximumBufferedControlFrames = 100_000
        // Default 200 in 30 s: heartbeats need 15, PINGs on suspicion and on request the rest.
        configuration.controlFrameRateLimit.maximumCount = 100_000
        configuration.controlFrameRateLimit.windowLength = .seconds(30)
        return configuration
    }

    /// Streams that a caller may have at once on a connection whose requests are read: 1,000. A client that kept more with the
    /// original server, some of which announce no limit, would wait here for ever.
    static let maximumRequests = 1_000
    /// The longest head of a request or an answer: 64 KiB, as in HTTP/1.
    static let maximumHeadSize = 65_536

    /// The settings of a connection whose requests are read, with a caller or with whoever answers. What no honest peer does, the
    /// library's limits end; those that some do are wider.
    static func requests(role: HTTP2Role) -> NIOHTTP2Handler.ConnectionConfiguration {
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: HTTP2Configuration.maximumRequests),
            HTTP2Setting(parameter: .initialWindowSize, value: HTTP2Configuration.defaultWindow),
            HTTP2Setting(parameter: .maxHeaderListSize, value: HTTP2Configuration.maximumHeadSize),
        ]
        if role == .client { configuration.initialSettings.append(HTTP2Setting(parameter: .enablePush, value: 0)) }
        // The windows of the streams bound what is in flight, and the budget of all that is read.
        configuration.targetWindowSize = HTTP2Configuration.connectionWindow
        // A client that gives requests up, for a deadline, may do so with each. DATA of an older one would end the connection.
        configuration.maximumRecentlyResetStreams = HTTP2Configuration.maximumRequests
        // Default 200 for the life of the connection, never decaying: connections of gRPC live for days.
        configuration.maximumConnectionGlitches = Int.max
        // Some servers end with an empty frame behind another.
        configuration.maximumSequentialEmptyDataFrames = 16
        // Default 200 in 30 s: clients of gRPC send a PING a round trip to measure the path.
        configuration.controlFrameRateLimit.maximumCount = 30_000
        configuration.controlFrameRateLimit.windowLength = .seconds(30)
        return configuration
    }

    /// The settings of each request's stream.
    static func requestStream() -> NIOHTTP2Handler.StreamConfiguration {
        var configuration = HTTP2Configuration.stream()
        // Default 200 in 30 s: a client with deadlines may give up each of some hundred requests a second. The library keeps 16 bytes
        // for each that it allows.
        configuration.streamResetFrameRateLimit.maximumCount = 20_000
        configuration.streamErrorRateLimit.maximumCount = 20_000
        return configuration
    }

    /// The settings of each stream.
    static func stream() -> NIOHTTP2Handler.StreamConfiguration {
        var configuration = NIOHTTP2Handler.StreamConfiguration()
        // Zero switches the library's own WINDOW_UPDATEs off: it opens a window when a frame is read, not when its
        // bytes were passed on, and always to one fixed size. `StreamPipe` opens the windows.
        configuration.targetWindowSize = 0
        // Default 8 KiB, which stops the reader after every frame. 32 KiB is what a stream whose window is closed
        // may hold here, besides the one read that crosses the mark.
        configuration.outboundBufferSizeHighWatermark = 32_768
        configuration.outboundBufferSizeLowWatermark = 16_384
        // Default 200 in 30 s: the 201st caller that resets its connection would end the tunnel.
        configuration.streamResetFrameRateLimit.maximumCount = 1_000_000
        configuration.streamResetFrameRateLimit.windowLength = .seconds(30)
        // The same for streams that end in an error.
        configuration.streamErrorRateLimit.maximumCount = 1_000_000
        configuration.streamErrorRateLimit.windowLength = .seconds(30)
        return configuration
    }
}
