import Foundation
import Testing

extension EndToEnd {
    /// Requests that come to the laptop: shown, recorded, and sent again.
    @Suite struct SeenRequestsTests {
        @Test("each is a line on standard output and an entry of the recording, and can be sent again")
        func seen() async throws {
            try await Shop.with(deployments: [Shop.deployment(replicas: 1)]) { shop in
                let local = try await LocalProcess.start(port: 3000)
                let before = try await shop.serviceText()
                let file = Lab.shared.folder.appendingPathComponent("\(shop.namespace).har")
                let plugin = try await shop.intercept("--port", "3000", "--show-requests", "--record", file.path)
                try await shop.expect("laptop", within: 15)
                try await eventually(within: 10, "a request is shown: \(plugin.output)") {
                    plugin.output.contains(/\d\d:\d\d:\d\d 200    GET     \//)
                }
                try await shop.end(plugin, before: before)
                #expect(plugin.error.contains("\(file.path) has "), "\(plugin.error)")
                let har = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: [String: Any]]
                let entries = try #require(har?["log"]?["entries"] as? [[String: Any]])
                #expect(entries.contains { ($0["response"] as? [String: Any])?["status"] as? Int == 200 })

                let environment = Lab.shared.laptop(user: "admin", host: "laptop")
                let replay = try await Running([Lab.shared.plugin, "replay", file.path], environment: environment)
                    .finish(within: 30)
                #expect(replay.status == 0, "\(replay.error)")
                #expect(replay.output.split(separator: "\n").count == entries.count)
                try await local.stop()
            }
        }
    }
}
