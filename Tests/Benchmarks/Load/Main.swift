import Glibc

/// One part of a benchmark.
@main
enum Load {
    private static let usage = """
        usage: load serve PORT NAME
               load relay PORT HOST PORT MILLISECONDS          one way
               load connections|round-trips|receive|send HOST PORT COUNT
               load requests HOST PORT COUNT USER CONNECTIONS
               load client-fin|server-fin|client-rst|server-rst HOST PORT COUNT
               load hold|flood|stall HOST PORT COUNT           until standard input ends
               load probe HOST PORT MICROSECONDS               until standard input ends
        """

    static func main() {
        signal(SIGPIPE, SIG_IGN)
        var files = rlimit()
        getrlimit(__rlimit_resource_t(7), &files)  // RLIMIT_NOFILE
        files.rlim_cur = files.rlim_max
        setrlimit(__rlimit_resource_t(7), &files)
        do throws(SocketError) {
            guard try Self.run(Array(CommandLine.arguments.dropFirst())) else {
                say(Self.usage)
                exit(64)
            }
        } catch {
            say("load: \(error)", to: STDERR_FILENO)
            exit(1)
        }
    }

    private static func run(_ words: [String]) throws(SocketError) -> Bool {
        guard words.count >= 3 else { return false }
        switch words[0] {
        case "serve":
            guard let port = UInt16(words[1]) else { return false }
            try Server(port: port, name: words[2]).run()
        case "relay":
            guard words.count == 5, let port = UInt16(words[1]), let to = UInt16(words[3]), let delay = Int(words[4])
            else { return false }
            try DelayRelay(listen: port, host: words[2], port: to, delayMilliseconds: delay).run()
        case "requests":
            guard words.count == 6, let port = UInt16(words[2]), let count = Int(words[3]), let many = Int(words[5])
            else { return false }
            say(try Client(host: words[1], port: port).requests(count, user: words[4], connections: many))
        default:
            guard words.count == 4, let port = UInt16(words[2]), let count = Int(words[3]) else { return false }
            let client = Client(host: words[1], port: port)
            switch words[0] {
            case "connections": say(try client.connections(count))
            case "round-trips": say(try client.roundTrips(count))
            case "receive": say(try client.receive(count))
            case "send": say(try client.send(count))
            case "client-fin", "server-fin", "client-rst", "server-rst":
                guard let ending = Client.Ending(rawValue: words[0]) else { return false }
                say(client.end(ending, count))
            case "hold", "flood", "stall": try client.keep(words[0], count)
            case "probe": client.probe(pauseMicroseconds: UInt32(clamping: count))
            default: return false
            }
        }
        return true
    }
}

/// Writes a line, unbuffered: whoever reads it waits for it.
func say(_ text: String, to fd: Int32 = STDOUT_FILENO) {
    let line = Array((text + "\n").utf8)
    _ = write(fd, line, line.count)
}
