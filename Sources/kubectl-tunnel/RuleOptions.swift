import ArgumentParser
import PluginConsole
import Requests

/// Which requests come to the laptop, where not all do.
struct RuleOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Requests with this header; ~REGEX instead of =VALUE for a pattern.", valueName: "name=value"))
    var header: [String] = []

    @Option(help: ArgumentHelp("Requests to this path, and below it.", valueName: "prefix"))
    var path: [String] = []

    @Option(help: ArgumentHelp("Requests with this method.", valueName: "method"))
    var method: String?

    @Option(help: ArgumentHelp("Requests with this parameter in their query.", valueName: "name=value"))
    var query: [String] = []

    @Option(help: ArgumentHelp("Requests with this cookie.", valueName: "name=value"))
    var cookie: [String] = []

    @Option(
        help: ArgumentHelp(
            "Requests with this member of W3C Baggage, which OpenTelemetry passes on from service to service.",
            valueName: "key=value"))
    var baggage: [String] = []

    @Flag(help: "Requests with the header or the baggage kubectl-tunnel=USER, USER being you.")
    var personal = false

    /// Whether nothing was asked for.
    var isEmpty: Bool { self.words(user: "user").allSatisfy(\.words.isEmpty) }

    /// What has to hold, all of it; `nil` where nothing was asked for.
    ///
    /// - Parameter user: Who ``personal`` is.
    /// - Throws: ``PluginFailure`` that says what is wrong with a word.
    func rule(user: String) throws -> RequestRule? {
        do throws(RequestRuleError) {
            var conditions: [RequestCondition] = []
            for (kind, words) in self.words(user: user) {
                for word in words { conditions.append(try RequestCondition(kind, word)) }
            }
            return conditions.isEmpty ? nil : try RequestRule(conditions)
        } catch {
            throw PluginFailure(error.summary, hint: error.hint)
        }
    }

    private func words(user: String) -> [(kind: RequestCondition.Kind, words: [String])] {
        [
            (.header, self.header), (.path, self.path), (.method, self.method.map { [$0] } ?? []), (.query, self.query),
            (.cookie, self.cookie), (.baggage, self.baggage), (.personal, self.personal ? [user] : []),
        ]
    }
}
