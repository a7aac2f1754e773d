import Foundation

/// A session as `kubectl tunnel list -o json` prints it.
struct SessionRow: Decodable, Sendable, Equatable {
    var namespace: String
    var service: String
    var ports: String
    var user: String
    var host: String
    var session: String
    var state: String
    var connections: Int?
    var mirror: Bool?
    var droppedCopies: Int?
}

extension Shop {
    /// The namespace's sessions.
    func sessions() async throws -> [SessionRow] {
        let text = try await self.list("-o", "json")
        return try JSONDecoder().decode([SessionRow].self, from: Data(text.utf8))
    }

    /// What `list` prints.
    func list(_ words: String..., user: String = "admin") async throws -> String {
        let result = try await self.start(["list"] + words, user: user).finish(within: 10)
        guard result.status == 0 else { throw Missed(description: "list: \(result.error)") }
        return result.output
    }
}
