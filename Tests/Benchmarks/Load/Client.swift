import Glibc

/// The measurements, each against one address. What is measured is printed as one JSON value.
struct Client {
    let host: String
    let port: UInt16

    private func open(_ line: String, seconds: Int = 30) throws(SocketError) -> Socket {
        let socket = try Socket.connect(self.host, self.port)
        socket.limit(seconds: seconds)
        try socket.send(line + "\n")
        return socket
    }

    /// Nanoseconds from connect() to the first answer, of so many connections one after the other.
    func connections(_ count: Int) throws(SocketError) -> String {
        var times: [Int] = []
        for _ in 0..<count {
            let start = now()
            let socket = try self.open("who")
            let answer = try socket.receiveLine()
            times.append(now() - start)
            socket.close()
            guard !answer.isEmpty else { throw SocketError(code: ECONNABORTED) }
        }
        return "\(times)"
    }

    /// Nanoseconds of round trips with 64 bytes on one open connection, after some that are not counted.
    func roundTrips(_ count: Int) throws(SocketError) -> String {
        let socket = try self.open("echo")
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 16)
        buffer.initializeMemory(as: UInt8.self, repeating: 7)
        defer { buffer.deallocate() }
        var times: [Int] = []
        for number in -20..<count {
            let start = now()
            try socket.send(UnsafeRawBufferPointer(buffer))
            var received = 0
            while received < buffer.count {
                let size = try socket.receive(UnsafeMutableRawBufferPointer(rebasing: buffer[received...]))
                guard size > 0 else { throw SocketError(code: ECONNABORTED) }
                received += size
            }
            if number >= 0 { times.append(now() - start) }
        }
        socket.close()
        return "\(times)"
    }

    /// Nanoseconds that so many bytes take, from the server.
    func receive(_ count: Int) throws(SocketError) -> String {
        let socket = try self.open("source \(count)")
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        let start = now()
        var received = 0
        while received < count {
            let size = try socket.receive(buffer)
            guard size > 0 else { throw SocketError(code: ECONNABORTED) }
            received += size
        }
        let time = now() - start
        socket.close()
        return "\(time)"
    }

    /// Nanoseconds that so many bytes take, to the server, until it says that it has them.
    func send(_ count: Int) throws(SocketError) -> String {
        let pattern = Pattern(seed: 1)
        let socket = try self.open("sink \(count)")
        let start = now()
        try pattern.send(count, to: socket)
        guard try socket.receiveLine() == "done" else { throw SocketError(code: ECONNABORTED) }
        let time = now() - start
        socket.close()
        return "\(time)"
    }

    /// The ways in which a connection ends, each with data under way.
    enum Ending: String, CaseIterable {
        /// The client's FIN, and then the server's answer.
        case clientFirst = "client-fin"
        /// The server's FIN, and then the client's bytes.
        case serverFirst = "server-fin"
        /// The server's RST.
        case serverReset = "server-rst"
        /// The client's RST.
        case clientReset = "client-rst"
    }

    /// Ends so many connections in a way; how many went as TCP says, to the byte.
    func end(_ ending: Ending, _ count: Int) -> String {
        "\((0..<count).filter { _ in (try? self.isExact(ending)) == true }.count)"
    }

    private func isExact(_ ending: Ending) throws(SocketError) -> Bool {
        let size = 300_000
        switch ending {
        case .clientFirst:
            let socket = try self.open("half \(size)", seconds: 5)
            defer { socket.close() }
            try Pattern(seed: 2).send(size, to: socket)
            socket.finish()
            return try Pattern(seed: 3).isReceived(size, from: socket)
        case .serverFirst:
            let before = try self.tally("early exact")
            let socket = try self.open("early \(size)", seconds: 5)
            defer { socket.close() }
            guard try Pattern(seed: 3).isReceived(size, from: socket) else { return false }
            try Pattern(seed: 2).send(size, to: socket)
            socket.finish()
            return try self.reaches("early exact", before + 1)
        case .serverReset:
            let socket = try self.open("reset", seconds: 5)
            defer { socket.close() }
            guard try socket.receiveLine() == "ok" else { return false }
            try socket.send("now\n")
            do throws(SocketError) {
                _ = try socket.receiveLine()
                return false
            } catch { return error.code == ECONNRESET }
        case .clientReset:
            let before = try self.tally("await reset")
            let socket = try self.open("await-reset", seconds: 5)
            guard try socket.receiveLine() == "ok" else { return false }
            socket.reset()
            return try self.reaches("await reset", before + 1)
        }
    }

    private func tally(_ what: String) throws(SocketError) -> Int {
        let socket = try self.open("tally")
        defer { socket.close() }
        for pair in try socket.receiveLine().split(separator: ",") where pair.hasPrefix(what + "=") {
            return Int(pair.dropFirst(what.count + 1)) ?? 0
        }
        return 0
    }

    private func reaches(_ what: String, _ count: Int) throws(SocketError) -> Bool {
        let start = now()
        while now() - start < 2_000_000_000 {
            if try self.tally(what) >= count { return true }
            usleep(2_000)
        }
        return false
    }

    /// Opens so many connections that the server answers once, and keeps them until standard input ends.
    ///
    /// - Parameter line: `hold` (nothing moves), `flood` (the server sends, nobody reads) or `stall` (the other way round).
    func keep(_ line: String, _ count: Int) throws(SocketError) {
        var sockets: [Socket] = []
        for _ in 0..<count {
            let socket = try self.open(line)
            sockets.append(socket)
            guard line != "flood" else { continue }
            guard try socket.receiveLine() == "ok" else { throw SocketError(code: ECONNABORTED) }
        }
        if line == "stall" {
            for socket in sockets {
                onThread {
                    let pattern = Pattern(seed: 1)
                    while (try? pattern.send(1 << 20, to: socket)) != nil {}
                }
            }
        }
        say("\(sockets.count)")
        while getchar() != EOF {}
    }

    /// Asks who answers, on a new connection each time, until standard input ends: a line of start, end and answer.
    func probe(pauseMicroseconds: UInt32) {
        let input = InputEnd()
        input.run()
        while !input.isOver {
            let start = now()
            var answer = "-"
            do throws(SocketError) {
                let socket = try Socket.connect(self.host, self.port)
                socket.limit(seconds: 5)
                defer { socket.close() }
                try socket.send("who\n")
                let line = try socket.receiveLine()
                answer = line.isEmpty ? "!ended" : line
            } catch { answer = "!\(error.code)" }
            say("\(start) \(now()) \(answer)")
            usleep(pauseMicroseconds)
        }
    }
}
