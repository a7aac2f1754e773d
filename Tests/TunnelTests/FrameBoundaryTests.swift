import FaultBench
import NIOCore
import Testing

@testable import Tunnel

@Suite("Frame boundaries")
struct FrameBoundaryTests {
    /// Frames of these payloads, as they go over the wire.
    private static func frames(_ payloads: [Int], preface: Int = 0) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xee, count: preface)
        for count in payloads {
            bytes += [UInt8(count >> 16), UInt8(count >> 8 & 0xff), UInt8(count & 0xff), 0, 0, 0, 0, 0, 1]
            bytes += pattern(count, seed: UInt64(count))
        }
        return bytes
    }

    /// Where whole headers and payloads may be cut: everywhere but within a header.
    private static func isWithinHeader(_ position: Int, _ payloads: [Int], preface: Int) -> Bool {
        var start = preface
        for count in payloads {
            if position > start, position < start + 9 { return true }
            start += 9 + count
        }
        return false
    }

    @Test("every byte comes through in order, and no header is ever cut", arguments: [1, 2, 5, 8, 9, 13, 100, 4096])
    func cuts(size: Int) {
        for (role, preface) in [(HTTP2Role.server, FrameBoundary.prefaceByteCount), (.client, 0)] {
            let payloads = [0, 1, 300, 0, 8, 9, 65_527, 2, 4, 70_000, 0]
            let whole = FrameBoundaryTests.frames(payloads, preface: preface)
            var boundary = FrameBoundary(reader: role)
            var passed: [UInt8] = []
            for start in stride(from: 0, to: whole.count, by: size) {
                let piece = ByteBuffer(bytes: whole[start..<min(whole.count, start + size)])
                passed += boundary.received(piece).readableBytesView
                #expect(!FrameBoundaryTests.isWithinHeader(passed.count, payloads, preface: preface))
            }
            #expect(passed == whole)
        }
    }

    @Test("what was kept is put into the room in front of what comes next")
    func room() {
        let whole = FrameBoundaryTests.frames([20])
        var boundary = FrameBoundary(reader: .client)
        let nothing = boundary.received(ByteBuffer(bytes: whole[..<5]))
        #expect(nothing.readableBytes == 0)
        var buffer = FrameSizedAllocator(nil).buffer(allocator: ByteBufferAllocator())
        buffer.writeBytes(whole[5...])
        let all = boundary.received(buffer)
        #expect(Array(all.readableBytesView) == whole)
    }

    @Test("a full read and its header are 64 KiB")
    func size() {
        var allocator = FrameSizedAllocator(nil)
        for _ in 0..<20 {
            let count = allocator.buffer(allocator: ByteBufferAllocator()).writableBytes
            _ = allocator.record(actualReadBytes: count)
        }
        #expect(allocator.buffer(allocator: ByteBufferAllocator()).writableBytes == 65_536 - 9)
    }
}
