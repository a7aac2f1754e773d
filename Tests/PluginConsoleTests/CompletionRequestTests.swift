import Kubernetes
import KubernetesViaKubectl
import Testing

@testable import PluginConsole

@Suite struct CompletionRequestTests {
    private static let tool: JSONValue = [
        "commandName": "kubectl tunnel",
        "arguments": [Self.argument("flag", ["--version"], "Show the version.")],
        "subcommands": [
            [
                "commandName": "intercept", "abstract": "Bring traffic. Until Ctrl-C.",
                "arguments": [
                    Self.argument("positional", [], "The Service.", ["completionKind": ["customAsync": [:]]]),
                    Self.argument("option", ["-p", "--port"], "A port.", ["completionKind": ["customAsync": [:]]]),
                    Self.argument("option", ["-o", "--output"], "How.", ["allValues": ["text", "json"]]),
                    Self.argument("option", ["--kubeconfig"], "A file.", ["completionKind": ["file": [:]]]),
                    Self.argument("option", ["--address"], "An address."),
                    Self.argument("flag", ["--force"], "Go on."),
                    Self.argument("flag", ["--hidden"], "No.", ["shouldDisplay": false]),
                ],
            ],
            ["commandName": "list", "abstract": "Show."],
            ["commandName": "help", "abstract": "Help."],
            ["commandName": "secret", "abstract": "No.", "shouldDisplay": false],
        ],
    ]

    private static func argument(
        _ kind: String, _ names: [String], _ abstract: String, _ more: [String: JSONValue] = [:]
    ) -> JSONValue {
        var members = more
        members["kind"] = .string(kind)
        members["abstract"] = .string(abstract)
        members["names"] = .array(
            names.map { name in
                [
                    "kind": name.hasPrefix("--") ? "long" : "short",
                    "name": .string(String(name.drop { $0 == "-" })),
                ]
            })
        return .object(members)
    }

    private static func words(_ typed: String...) -> [String]? {
        guard case .words(let words) = CompletionRequest(typed, of: Self.tool).answer else { return nil }
        return words.map(\.text)
    }

    @Test("commands come first, with the first sentence of what they do; help and what is hidden are not offered")
    func commands() {
        #expect(Self.words("") == ["intercept", "list"])
        #expect(Self.words("l") == ["list"])
        #expect(Self.words() == ["intercept", "list"])
        let answer = CompletionRequest(["in"], of: Self.tool).answer
        #expect(answer == .words([.init(text: "intercept", description: "Bring traffic")]))
    }

    @Test("flags are those of the command, and only shown ones")
    func flags() {
        #expect(Self.words("intercept", "--") == ["--port", "--output", "--kubeconfig", "--address", "--force"])
        #expect(Self.words("intercept", "web", "--fo") == ["--force"])
        #expect(Self.words("--v") == ["--version"])
        #expect(Self.words("list", "--fo") == [])
    }

    @Test("a positional argument is found behind flags and their values")
    func positional() {
        let service = CompletionRequest.Answer.custom(commands: ["intercept"], argument: "positional@0")
        for typed in [
            ["intercept", ""], ["intercept", "--force", "w"], ["intercept", "-p", "8080", ""],
            ["intercept", "--port=8080", ""],
        ] {
            #expect(CompletionRequest(typed, of: Self.tool).answer == service, "\(typed)")
        }
        #expect(Self.words("intercept", "web", "") == [])
    }

    @Test("the value of an option is its own, by its own name, behind it or behind =")
    func values() {
        let port = CompletionRequest.Answer.custom(commands: ["intercept"], argument: "--port")
        for typed in [["intercept", "web", "-p", ""], ["intercept", "--port", "80"], ["intercept", "--port=80"]] {
            #expect(CompletionRequest(typed, of: Self.tool).answer == port, "\(typed)")
        }
        #expect(Self.words("intercept", "-o", "") == ["text", "json"])
        #expect(Self.words("intercept", "--output=j") == ["json"])
        #expect(Self.words("intercept", "--address", "") == [])
        #expect(CompletionRequest(["intercept", "--kubeconfig", ""], of: Self.tool).answer == .files)
        #expect(Self.words("intercept", "--nonsense=x") == [])
    }

    @Test("behind -- stands a command of this machine")
    func terminator() {
        #expect(CompletionRequest(["intercept", "web", "--dns", "--", "np"], of: Self.tool).answer == .files)
    }

    @Test("kubectl's flags among the words say which cluster is asked, but for the one that is being typed")
    func options() {
        let options = ClusterCompletion.options(
            in: [
                "kubectl", "intercept", "-n", "shop", "--context=dev", "--as", "me", "--as-group", "a", "--kubeconfig",
                "x",
            ])
        #expect(options.flags == ["--namespace=shop", "--context=dev", "--as=me", "--as-group=a"])
        #expect(ClusterCompletion.value(of: "--port=80") == "80")
        #expect(ClusterCompletion.value(of: "web") == "web")
    }
}
