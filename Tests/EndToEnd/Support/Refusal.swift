import Foundation
import Testing

extension CommandResult {
    /// What is printed of a failure: one line what, at most one what to do, and nothing on standard output.
    func expectOneError(saying words: [String], status: Int32? = nil) {
        #expect(self.status != 0)
        if let status { #expect(self.status == status) }
        let lines = self.error.split(separator: "\n")
        let errors = lines.filter { $0.hasPrefix("error: ") }
        let hints = lines.filter { $0.hasPrefix("hint: ") }
        #expect(errors.count == 1, "\(self.error)")
        #expect(hints.count <= 1, "\(self.error)")
        #expect(lines.suffix(errors.count + hints.count) == errors + hints, "\(self.error)")
        for word in words {
            #expect((errors + hints).joined(separator: "\n").contains(word), "\"\(word)\" in \(self.error)")
        }
        #expect(self.output.isEmpty)
    }
}

extension Shop {
    /// Runs the plugin, and checks that it refuses in one line and touches nothing.
    func expectRefusal(
        _ words: [String], saying texts: [String], user: String = "admin", environment: [String: String] = [:],
        within seconds: Double = 20, service: String? = "web"
    ) async throws {
        let before = if let service { try await self.serviceText(service) } else { "" }
        let plugin = try self.start(words, user: user, environment: environment)
        try await plugin.finish(within: seconds).expectOneError(saying: texts)
        if let service {
            try await self.expectRestored(before, service: service)
        } else {
            try await self.expectNothingLeft()
        }
    }
}
