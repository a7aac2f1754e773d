import FaultBench
import NIOCore
import Testing

@testable import Tunnel

@Suite("Route of a connection")
struct ConnectionRouteTests {
    @Test("bytes and FIN sent before the refusal are replayed to the origin")
    func replays() {
        var route = ConnectionRoute()
        #expect(route.accepted(canUseTunnel: true) == .openStream)
        #expect(route.callerSent(ByteBuffer(string: "ab")) == .forward)
        #expect(route.streamFailed() == .dialOrigin)
        #expect(route.callerSent(ByteBuffer(string: "cd")) == .keep)
        #expect(route.callerEnded() == .keep)
        #expect(route.originConnected() == .replay(ByteBuffer(string: "abcd"), ends: true))
        #expect(route.callerSent(ByteBuffer(string: "e")) == .forward)
        #expect(route.streamFailed() == .ignore)
    }

    @Test("after the answer nothing is replayed: the caller is reset")
    func neverAfterAnswer() {
        var route = ConnectionRoute()
        _ = route.accepted(canUseTunnel: true)
        _ = route.callerSent(ByteBuffer(string: "ab"))
        #expect(route.streamAnswered() == .useTunnel)
        #expect(route.streamFailed() == .resetCaller)
        #expect(route.streamFailed() == .ignore)
        #expect(route.callerSent(ByteBuffer(string: "x")) == .drop)
        #expect(route.originConnected() == .resetOrigin)
    }

    @Test("an answer that comes after the link was given up is ignored")
    func lateAnswer() {
        var route = ConnectionRoute()
        _ = route.accepted(canUseTunnel: true)
        #expect(route.streamFailed() == .dialOrigin)
        #expect(route.streamAnswered() == .ignore)
        #expect(route.originConnected() == .replay(ByteBuffer(), ends: false))
    }

    @Test("reading stops at 64 KiB until the route is decided")
    func stopsReading() {
        var route = ConnectionRoute()
        _ = route.accepted(canUseTunnel: true)
        _ = route.callerSent(ByteBuffer(repeating: 1, count: 65_535))
        #expect(route.allowsReading)
        _ = route.callerSent(ByteBuffer(repeating: 1, count: 1))
        #expect(!route.allowsReading)
        #expect(route.streamFailed() == .dialOrigin)
        #expect(!route.allowsReading)
        _ = route.originConnected()
        #expect(route.allowsReading)
    }

    @Test("the caller is reset when the origin refuses, and a late origin is reset when the caller has gone")
    func originFails() {
        var route = ConnectionRoute()
        #expect(route.accepted(canUseTunnel: false) == .dialOrigin)
        #expect(route.originFailed() == .resetCaller)
        #expect(route.originFailed() == .ignore)
        var gone = ConnectionRoute()
        _ = gone.accepted(canUseTunnel: false)
        gone.finished()
        #expect(gone.originConnected() == .resetOrigin)
        #expect(gone.callerEnded() == .nothing)
    }

    @Test("random schedules deliver every byte once, to exactly one side, or reset")
    func schedules() {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SeededGenerator(seed: seed)
        for round in 0..<5000 {
            var route = ConnectionRoute()
            var sent: [UInt8] = []
            var atTunnel: [UInt8] = []
            var atOrigin: [UInt8] = []
            var isDialling = false
            var isOver = false
            var usesOrigin = false
            var answered = false
            var callerHasEnded = false
            var originHasEnd = false
            switch route.accepted(canUseTunnel: Bool.random(using: &generator)) {
            case .openStream: break
            case .dialOrigin: isDialling = true
            }
            for _ in 0..<Int.random(in: 1...12, using: &generator) where !isOver {
                switch Int.random(in: 0..<6, using: &generator) {
                case 0, 1:
                    guard !callerHasEnded else { continue }
                    let bytes = (0..<3).map { _ in UInt8.random(in: 0...255, using: &generator) }
                    sent += bytes
                    switch route.callerSent(ByteBuffer(bytes: bytes)) {
                    case .forward: if usesOrigin { atOrigin += bytes } else { atTunnel += bytes }
                    case .keep: #expect(isDialling, "seed \(seed), round \(round)")
                    case .drop: Issue.record("dropped; seed \(seed), round \(round)")
                    }
                case 2:
                    guard !callerHasEnded else { continue }
                    callerHasEnded = true
                    if route.callerEnded() == .forward, usesOrigin { originHasEnd = true }
                case 3:
                    if route.streamAnswered() == .useTunnel { answered = true }
                case 4:
                    switch route.streamFailed() {
                    case .dialOrigin: isDialling = true
                    case .resetCaller: isOver = true
                    case .ignore: break
                    }
                default:
                    guard isDialling else { continue }
                    isDialling = false
                    if case .replay(let kept, let ends) = route.originConnected() {
                        usesOrigin = true
                        originHasEnd = ends
                        atOrigin += Array(kept.readableBytesView)
                    }
                }
            }
            if usesOrigin {
                #expect(!answered && atOrigin == sent, "seed \(seed), round \(round)")
                #expect(originHasEnd == callerHasEnded, "seed \(seed), round \(round)")
            } else if !isDialling {
                #expect(atTunnel == sent, "seed \(seed), round \(round)")
            }
        }
    }
}
