import ArgumentParser
import PluginConsole
import Requests
import Testing

@testable import kubectl_tunnel

/// The words by which a user says which requests they want.
@Suite struct RuleOptionsTests {
    private func rule(_ words: String...) throws -> RequestRule? {
        try RuleOptions.parse(words).rule(user: "alice")
    }

    @Test("flags become one rule, whatever their order; without any there is none")
    func rules() throws {
        #expect(try self.rule() == nil)
        let first = try self.rule("--header", "X-User=alice", "--path", "/api", "--method", "get")
        let second = try self.rule("--method", "GET", "--path", "/api", "--header", "x-user=alice")
        #expect(first == second && first?.text == "header:x-user=alice method:GET path:/api")
        #expect(try self.rule("--personal")?.text == "personal:alice")
        #expect(try self.rule("--header", "a=1", "--header", "b~^2")?.conditions.count == 2)
    }

    @Test("a word that is none is named, with what to do", arguments: ["--header", "--query", "--cookie", "--baggage"])
    func errors(flag: String) throws {
        let failure = #expect(throws: PluginFailure.self) { try self.rule(flag, "x-user") }
        #expect(failure?.summary.contains("x-user") == true && failure?.hint != nil, "\(failure?.summary ?? "")")
        #expect(throws: PluginFailure.self) { try self.rule("--header", "a~(") }
        #expect(throws: PluginFailure.self) { try self.rule("--path", "api") }
    }

    @Test("the fields that say who called are left out where that is asked for, of the requests of a rule")
    func forwardedHeaders() async throws {
        let words = ["web", "--port", "80", "--no-forwarded-headers"]
        let command = try await InterceptCommand.asyncParse(words + ["--personal"])
        #expect(command.options.noForwardedHeaders)
        await #expect(throws: (any Error).self) { _ = try await InterceptCommand.asyncParse(words) }
    }

    @Test("the line to copy meets the rule")
    func curl() throws {
        func line(_ words: String...) throws -> String? {
            let rule = try #require(try RuleOptions.parse(words).rule(user: "alice"))
            return CurlCommand.line(rule, host: "web.shop", port: 8080)
        }
        #expect(try line("--header", "x-user=alice") == "curl -H 'x-user: alice' http://web.shop:8080/")
        #expect(
            try line("--personal", "--path", "/api") == "curl -H 'kubectl-tunnel: alice' http://web.shop:8080/api")
        #expect(
            try line("--query", "a=b", "--cookie", "c=d", "--method", "PUT")
                == "curl -b c=d -X PUT 'http://web.shop:8080/?a=b'")
        #expect(try line("--header", "x-user~^al") == nil)
        #expect(try line("--baggage", "a=b") == "curl -H 'baggage: a=b' http://web.shop:8080/")
    }
}
