/// Who answers at the Service.
extension Shop {
    /// What the Service answers, asked from the node by address.
    func answer(port: Int = 80, service: String = "web", path: String = "/") async throws -> String {
        let address = try await self.address(of: service)
        let url = "http://\(address):\(port)\(path)"
        return try await run(Lab.shared.node + ["curl", "-s", "-m", "5", "--noproxy", "*", url]).output
    }

    /// Who answers at the Service, asked from the node by address.
    func who(port: Int = 80, service: String = "web") async throws -> String {
        Self.who(in: try await self.answer(port: port, service: service))
    }

    /// Who says so in an answer of the workload; empty when it is none.
    private static func who(in answer: String) -> String {
        answer.split(separator: " ").first { $0.hasPrefix("who=") }.map { String($0.dropFirst(4)) } ?? ""
    }

    /// Waits for exactly this answer. A laptop that is busy for a second has the originals answer meanwhile.
    func expectAnswer(_ answer: String, port: Int, within seconds: Double = 5) async throws {
        var last = ""
        try await eventually(within: seconds, "\(answer) on port \(port), not \(last)") {
            last = try await self.answer(port: port)
            return last == answer
        }
    }

    /// Waits until a pod of this Deployment gets another client's answer from the Service, by address.
    func expectFromPod(_ deployment: String, gets who: String, within seconds: Double = 5) async throws {
        let ask = "import urllib.request; print(urllib.request.urlopen('http://\(try await self.address())').read())"
        try await eventually(within: seconds, "\(who) answers a pod") {
            try await kubectl("-n", self.namespace, "exec", "deployment/\(deployment)", "--", "python3", "-c", ask)
                .contains("who=\(who) ")
        }
    }

    /// Waits until this one answers: a node may take a second to follow the Service.
    func expect(_ who: String, within seconds: Double = 15, port: Int = 80, service: String = "web") async throws {
        try await eventually(within: seconds, "\(who) answers") {
            try await self.who(port: port, service: service) == who
        }
    }
}
