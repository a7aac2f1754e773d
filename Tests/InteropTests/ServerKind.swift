import Foundation
import Testing

/// A server that others wrote.
enum ServerKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case uvicorn = "uvicorn with h11"
    case uvicornTools = "uvicorn with httptools"
    case hypercorn
    case gunicorn
    case nginx
    case node
    case nginxHTTP2 = "nginx with HTTP/2"
    case nodeHTTP2 = "node with HTTP/2"
    case grpc = "grpcio"

    var testDescription: String { self.rawValue }

    /// What callers.py may expect of it.
    var features: [String] {
        switch self {
        case .uvicorn: ["h1", "ws", "digest", "upgrade-body"]
        case .uvicornTools: ["h1", "ws", "digest"]
        case .hypercorn: ["h1", "h2", "ws", "digest", "upgrade-body"]
        case .gunicorn, .node: ["h1", "digest", "upgrade-body"]
        case .nginx: ["h1", "upgrade-body"]
        case .nginxHTTP2: ["h2"]
        case .nodeHTTP2: ["h2", "digest"]
        case .grpc: []
        }
    }

    /// The program that asks it everything.
    var callers: String { self == .grpc ? "callers/grpc_caller.py" : "callers/callers.py" }

    /// The words that start it.
    ///
    /// - Parameters:
    ///   - folder: Its own.
    ///   - silentPort: Where nobody answers, for a server that can only pass on what it is not to answer.
    func words(name: String, port: Int, folder: URL, log: URL, silentPort: Int) throws -> [String] {
        let address = "127.0.0.1:\(port)"
        return switch self {
        case .uvicorn, .uvicornTools:
            [
                Tools.python, "-m", "uvicorn", "asgi_app:app", "--port", "\(port)", "--no-access-log", "--log-level",
                "critical", "--timeout-keep-alive", "60", "--http", self == .uvicorn ? "h11" : "httptools",
            ]
        case .hypercorn:
            [Tools.python, "-m", "hypercorn", "asgi_app:app", "-b", address, "-w", "0", "--keep-alive", "60"]
        case .gunicorn:
            [Tools.python, "-m", "gunicorn", "wsgi_app:app", "-b", address, "--threads", "64", "--keep-alive", "60"]
        case .node: ["node", Tools.program("servers/node.js")]
        case .nodeHTTP2: ["node", Tools.program("servers/node.js"), "h2c"]
        case .grpc: [Tools.python, Tools.program("servers/grpc_server.py")]
        case .nginx, .nginxHTTP2:
            [
                "nginx", "-e", "stderr", "-p", folder.path, "-c",
                try self.nginx(name, port, folder, log, silentPort).path,
            ]
        }
    }

    /// Its configuration.
    private func nginx(_ name: String, _ port: Int, _ folder: URL, _ log: URL, _ silentPort: Int) throws -> URL {
        var text = try String(contentsOfFile: Tools.program("servers/nginx.conf"), encoding: .utf8)
        let hold = name == "alice" ? "proxy_pass http://127.0.0.1:\(silentPort)" : "return 200 \"\(name) \""
        // With HTTP/2 nginx resets streams whose body it has not read, and here it reads none that it need not pass on.
        let answer =
            self == .nginxHTTP2
            ? "proxy_pass http://unix:\(folder.path)/socket"
            : "return 200 \"\(name) $request_method $request_uri $content_length -\\n\""
        let words = [
            "NAME": name, "PORT": "\(port)", "FOLDER": folder.path, "LOG": log.path, "HOLD": hold, "ANSWER": answer,
            "PROTOCOL": self == .nginxHTTP2 ? "http2" : "",
        ]
        for (word, value) in words { text = text.replacing("@\(word)@", with: value) }
        try "\(name) \(String(repeating: "x", count: 200_000))".write(
            to: folder.appending(path: "stream"), atomically: true, encoding: .utf8)
        let file = folder.appending(path: "nginx.conf")
        try text.write(to: file, atomically: true, encoding: .utf8)
        return file
    }
}
