import Kubernetes

@testable import KubernetesViaKubectl

/// What kubectl prints: the ready line of a port-forward, errors, the kubeconfig.
enum KubectlFuzz {
    static func run(_ bytes: [UInt8]) throws(FuzzFailure) {
        let text = String(decoding: bytes, as: UTF8.self)
        for line in text.split(whereSeparator: \.isNewline).map(String.init) {
            if let port = PortForward.localPort(from: line.trimmingNewlines) {
                try FuzzFailure.expect((1...65_535).contains(port), "\(port) is no port")
            }
        }
        let message = KubectlError.message(fromStandardError: text)
        try FuzzFailure.expect(!message.contains(where: \.isNewline), "an error of several lines")
        try FuzzFailure.expect(!message.isEmpty, "an error without words")

        guard let view = JSONValue(text: text) else { return }
        var options = KubectlOptions()
        for context in [nil, "dev"] {
            options.context = context
            let pin = KubectlPin(executable: "/usr/bin/kubectl", namespace: "default")
            guard let pinned = try? pin.pinned(to: view, options) else { continue }
            try FuzzFailure.expect(
                pinned.context == context || context == nil, "another context than the one that was asked for")
            try FuzzFailure.expect(pinned.arguments.allSatisfy { $0.hasPrefix("--") }, "\(pinned.arguments)")
        }
    }
}
