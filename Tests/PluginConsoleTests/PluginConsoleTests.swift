import PluginConsole
import Testing

@testable import KubernetesViaKubectl

@Suite struct ConsoleTests {
    @Test("the program's name as kubectl users type it")
    func invocation() {
        #expect(Invocation.name(of: "/usr/bin/kubectl-tunnel") == "kubectl tunnel")
        #expect(Invocation.name(of: "kubectl-tunnel_dns") == "kubectl tunnel-dns")
        #expect(Invocation.name(of: "./tunnel") == "tunnel")
    }

    @Test("a table has no space at its end")
    func table() {
        var table = Table(["NAME", "STATE"])
        table.append(["a-long-name", ""])
        #expect(table.text == "NAME          STATE\na-long-name   <none>")
    }

    @Test(
        "ages as kubectl prints them",
        arguments: [
            (-5, "0s"), (119, "119s"), (310, "5m10s"), (3600, "60m"), (11_000, "3h3m"), (100_000, "27h"),
            (200_000, "2d"),
        ])
    func age(seconds: Int, expected: String) { #expect(Age.text(seconds: seconds) == expected) }
}

@Suite struct KubectlTests {
    @Test("a kubectl that has answered and is silent for as long as a request may take is dead, another is not")
    func silence() {
        let begin = ContinuousClock.now
        var silence = Silence()
        #expect(!silence.isDead(askedAt: begin))
        silence.answered(at: begin + .seconds(1))
        #expect(!silence.isDead(askedAt: begin))
        #expect(silence.isDead(askedAt: begin + .seconds(2)))
        silence.answered(at: begin + .seconds(3))
        #expect(!silence.isDead(askedAt: begin + .seconds(2)))
    }

    @Test("the pin stands in front of every child's arguments")
    func pin() {
        let pin = KubectlPin(
            executable: "/usr/bin/kubectl", context: "dev", cluster: "c", user: "u", namespace: "shop",
            impersonatedUser: "bob", impersonatedGroups: ["x", "y"])
        #expect(
            pin.arguments == [
                "--context=dev", "--cluster=c", "--user=u", "--namespace=shop", "--as=bob", "--as-group=x",
                "--as-group=y",
            ])
    }

    @Test("the line by which port-forward is ready")
    func forwarding() {
        #expect(PortForward.localPort(from: "Forwarding from 127.0.0.1:41901 -> 31998") == 41901)
        #expect(PortForward.localPort(from: "Forwarding from [::1]:41901 -> 31998") == nil)
        #expect(PortForward.localPort(from: "Handling connection for 41901") == nil)
        #expect(PortForward.localPort(from: "Forwarding from 127.0.0.1:419010 -> 31998") == nil)
    }

    @Test("kubectl's own words, the last line of them")
    func words() {
        #expect(
            KubectlError.message(fromStandardError: "W1 x\nerror: context \"a\" does not exist\n")
                == "context \"a\" does not exist")
        #expect(KubectlError.message(fromStandardError: "") == "kubectl said nothing")
        #expect(KubectlError.message(fromStandardError: "error: no\nerror: \n") == "no")
    }
}

@Suite struct ShellWordTests {
    @Test(
        "a word that a shell would split or expand is quoted",
        arguments: [
            ("--context=dev", "--context=dev"), ("--context=a b", "'--context=a b'"), ("it's", "'it'\\''s'"),
            ("", "''"),
            ("$HOME", "'$HOME'"), ("arn:aws:eks:eu/dev", "arn:aws:eks:eu/dev"),
        ])
    func quoted(word: String, quoted: String) {
        #expect(ShellWord.quoted(word) == quoted)
    }
}
