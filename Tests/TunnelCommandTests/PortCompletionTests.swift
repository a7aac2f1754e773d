import PluginConsole
import Testing

@testable import PluginSession

@Suite struct PortCompletionTests {
    @Test(
        "a port is offered as the local port that its process would have, and the Service's port",
        arguments: [
            ("80=8080=http", "", "8080:http"), ("80=http=http", "", "80:http"),
            ("9090=9090=<no value>", "", "9090:9090"),
            ("80=8080=http", "3000:", "3000:http"), ("80=8080=", "3000:h", "3000:80"),
        ])
    func choices(port: String, typed: String, offered: String) {
        #expect(ClusterCompletion.choices(port: port, typed) == [offered])
    }

    @Test("the Service is the word behind intercept or mirror that is neither a flag nor a flag's value")
    func service() {
        for words in [
            ["kubectl", "intercept", "web", "--port", ""], ["kubectl", "intercept", "-n", "shop", "svc/web", "-p", ""],
            ["kubectl", "intercept", "--force", "web", "--port="],
            ["kubectl", "intercept", "--namespace=x", "web", ""], ["kubectl", "mirror", "--yes", "web", "--port", ""],
        ] {
            #expect(ClusterCompletion.service(in: words) == "web", "\(words)")
        }
        #expect(ClusterCompletion.service(in: ["kubectl", "intercept", "--port", ""]) == nil)
        #expect(ClusterCompletion.service(in: ["kubectl", "list", ""]) == nil)
    }
}
