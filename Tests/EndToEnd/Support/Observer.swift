import FaultBench
import Foundation

/// One process that watches a Service, its slices, those of the bystander, its Lease and the node's rules, with times.
struct Observer: Sendable {
    private struct Line: Decodable {
        var kind: String
    }

    private let process: Running
    private let log: URL

    static func start(_ namespace: String, service: String = "web") throws -> Observer {
        let log = Lab.shared.folder.appendingPathComponent(UUID().uuidString + ".observed")
        let process = try Running(
            Lab.shared.node + [
                "python3", Lab.shared.workload + "/observe.py", "--pki", Lab.shared.state + "/pki", "--namespace",
                namespace, "--service", service, "--lease", "tunnel-\(service)", "--bystander", Shop.bystander,
                "--log", log.path, "--slices", Lab.serverMinor < 21 ? "v1beta1" : "v1",
            ])
        return Observer(process: process, log: log)
    }

    /// Everything that it has seen so far.
    func add(to history: inout History) throws {
        let decoder = JSONDecoder()
        for line in try String(contentsOf: self.log, encoding: .utf8).split(separator: "\n") {
            let data = Data(line.utf8)
            switch try decoder.decode(Line.self, from: data).kind {
            case "service": history.services.append(try decoder.decode(History.ServiceState.self, from: data))
            case "endpoints": history.endpoints.append(try decoder.decode(History.EndpointState.self, from: data))
            case "bystander": history.bystander.append(try decoder.decode(History.EndpointState.self, from: data))
            case "rules": history.rules.append(try decoder.decode(History.RuleState.self, from: data))
            default: history.leases.append(try decoder.decode(History.LeaseState.self, from: data))
            }
        }
    }

    func stop() async throws {
        self.process.send(SIGKILL)
        _ = try await self.process.finish()
    }
}

extension History.Arrival {
    /// A line of a local process's file.
    private struct Line: Decodable {
        var time: Double
        var who: String
        var host: String?
        var user: String?
    }

    /// What came to local processes, as they wrote it down, but for those who asked them directly.
    ///
    /// - Parameter address: The Service's.
    static func all(in file: URL, at address: String) throws -> [History.Arrival] {
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
        return try text.split(separator: "\n").compactMap { line in
            let line = try JSONDecoder().decode(Line.self, from: Data(line.utf8))
            guard let host = line.host else { return History.Arrival(time: line.time, who: line.who, port: nil) }
            guard host.hasPrefix(address + ":"), let port = Int(host.dropFirst(address.count + 1)) else { return nil }
            return History.Arrival(time: line.time, who: line.who, port: port, user: line.user)
        }
    }
}

extension Load {
    /// Everything that this client has recorded.
    func requests() throws -> [History.Request] {
        let decoder = JSONDecoder()
        return try String(contentsOf: self.log, encoding: .utf8).split(separator: "\n").map {
            try decoder.decode(History.Request.self, from: Data($0.utf8))
        }
    }
}
