import Glibc
import Synchronization

/// Answers what the first line of a connection asks for.
final class Server: Sendable {
    private let name: String
    private let listener: Socket
    /// How the exchanges ended whose end only the server sees.
    private let tally = Mutex<[String: Int]>([:])

    init(port: UInt16, name: String) throws(SocketError) {
        self.name = name
        self.listener = try Socket.listen("0.0.0.0", port)
    }

    func run() {
        while let socket = self.listener.accept() {
            onThread {
                do throws(SocketError) { try self.serve(socket) } catch { socket.close() }
            }
        }
    }

    private func count(_ what: String) { self.tally.withLock { $0[what, default: 0] += 1 } }

    private func serve(_ socket: Socket) throws(SocketError) {
        let line = try socket.receiveLine()
        let words = line.split(separator: " ")
        let number = words.count > 1 ? Int(words[1]) ?? 0 : 0
        switch words.first {
        case "who":
            try socket.send("\(self.name)\n")
            socket.close()
        case "echo": try self.echo(socket)
        case "source":
            try Pattern(seed: 1).send(number, to: socket)
            socket.finish()
            _ = try socket.receiveLine()
            socket.close()
        case "sink": try self.sink(number, socket)
        case "half":
            let isExact = try Pattern(seed: 2).isReceived(number, from: socket)
            if isExact { try Pattern(seed: 3).send(number, to: socket) }
            socket.close()
        case "early":
            try Pattern(seed: 3).send(number, to: socket)
            socket.finish()
            self.count(try Pattern(seed: 2).isReceived(number, from: socket) ? "early exact" : "early wrong")
            socket.close()
        case "GET":
            var stream = HTTPStream(socket, read: Array((line + "\n").utf8))
            try stream.serve(as: self.name)
        case "reset":
            try socket.send("ok\n")
            _ = try socket.receiveLine()
            socket.reset()
        case "await-reset": self.awaitReset(socket)
        case "hold", "stall": try socket.send("ok\n")
        case "flood":
            let pattern = Pattern(seed: 1)
            while true { try pattern.send(1 << 20, to: socket) }
        case "tally":
            let tally = self.tally.withLock { $0 }
            try socket.send(
                tally.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",") + "\n")
            socket.close()
        default: socket.close()
        }
    }

    private func echo(_ socket: Socket) throws(SocketError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try socket.receive(buffer)
            if count == 0 { return socket.close() }
            try socket.send(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// Reads so many bytes and says so: a raw port-forward would lose an answer behind a FIN.
    private func sink(_ count: Int, _ socket: Socket) throws(SocketError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        var received = 0
        while received < count {
            let size = try socket.receive(buffer)
            if size == 0 { return socket.close() }
            received += size
        }
        try socket.send("done\n")
        socket.close()
    }

    private func awaitReset(_ socket: Socket) {
        do throws(SocketError) {
            try socket.send("ok\n")
            while try !socket.receiveLine().isEmpty {}
            self.count("await FIN")
        } catch {
            self.count(error.code == ECONNRESET ? "await reset" : "await \(error)")
        }
        socket.close()
    }
}
