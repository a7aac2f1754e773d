import Kubernetes
import Subprocess
import SystemPackage

extension KubectlPin {
    /// Asks kubectl which context, cluster, user and namespace the options mean.
    ///
    /// - Parameters:
    ///   - options: What the user typed.
    ///   - environment: The process's environment: `PATH`, `KUBECONFIG`.
    ///   - directory: The working directory, for relative paths.
    /// - Throws: ``KubectlError``; code `notFound` without a kubectl on the path.
    public static func resolve(
        _ options: KubectlOptions, environment: [String: String], directory: String
    ) async throws(KubectlError) -> KubectlPin {
        guard let executable = await self.kubectl(on: environment["PATH"] ?? "") else {
            throw KubectlError(.notFound, "kubectl is not on the PATH")
        }
        var pin = KubectlPin(executable: executable, namespace: options.namespace ?? "default")
        pin.kubeconfig = options.kubeconfig.map { Self.absolute($0, in: directory) }
        pin.kubeconfigList = environment["KUBECONFIG"].map { list in
            list.split(separator: ":").map { Self.absolute(String($0), in: directory) }.joined(separator: ":")
        }
        pin.impersonatedUser = options.impersonatedUser
        pin.impersonatedGroups = options.impersonatedGroups
        var typed = options
        typed.namespace = nil
        pin.typedFlags = typed.flags

        return try pin.pinned(to: try await Self.configView(pin: pin), options)
    }

    /// This pin with the context that the options mean, from what `kubectl config view` shows.
    ///
    /// - Throws: ``KubectlError`` when there is no such context.
    func pinned(to view: JSONValue, _ options: KubectlOptions) throws(KubectlError) -> KubectlPin {
        var pin = self
        let current = view["current-context"]?.text.flatMap { $0.isEmpty ? nil : $0 }
        // Without a context kubectl uses the pod's own account, or says that there is no cluster.
        guard let name = options.context ?? current else { return pin }
        guard case .array(let contexts)? = view["contexts"],
            let context = contexts.first(where: { $0["name"]?.text == name })?["context"]
        else { throw KubectlError(.failed(status: 1), "there is no context \(name) in the kubeconfig") }
        pin.context = name
        pin.cluster = context["cluster"]?.text
        pin.user = context["user"]?.text.flatMap { $0.isEmpty ? nil : $0 }
        pin.namespace = options.namespace ?? context["namespace"]?.text ?? "default"
        if case .array(let clusters)? = view["clusters"] {
            pin.server = clusters.first { $0["name"]?.text == pin.cluster }?["cluster"]?["server"]?.text
        }
        if case .array(let users)? = view["users"] {
            pin.runsCredentialPlugin = users.first { $0["name"]?.text == pin.user }?["user"]?["exec"] != nil
        }
        return pin
    }

    /// kubectl's own version, as `v1.32.4`.
    ///
    /// - Throws: ``KubectlError``.
    public func version() async throws(KubectlError) -> String {
        let answer = try await Self.json(["version", "--client", "--output=json"], pin: self)
        return answer["clientVersion"]?["gitVersion"]?.text ?? "of an unknown version"
    }

    /// The whole kubeconfig: `--minify` fails where there is no context, and says so in text only.
    private static func configView(pin: KubectlPin) async throws(KubectlError) -> JSONValue {
        var arguments = ["config", "view", "--output=json"]
        if let kubeconfig = pin.kubeconfig { arguments.append("--kubeconfig=\(kubeconfig)") }
        return try await Self.json(arguments, pin: pin)
    }

    private static func json(_ arguments: [String], pin: KubectlPin) async throws(KubectlError) -> JSONValue {
        let output: String
        let failure: String
        let status: TerminationStatus
        do {
            let result = try await Subprocess.run(
                .path(FilePath(pin.executable)), arguments: Arguments(arguments), environment: pin.environment,
                output: .string(limit: 1 << 20), error: .string(limit: 1 << 16))
            (output, failure, status) = (result.standardOutput, result.standardError, result.terminationStatus)
        } catch {
            throw KubectlError(.local, "kubectl could not be run: \(error)")
        }
        switch status {
        case .exited(0): return JSONValue(text: output) ?? .null
        case .exited(let code): throw KubectlError(.failed(status: code), .init(fromStandardError: failure))
        case .signaled(let signal): throw KubectlError(.failed(status: 128 + signal), .init(fromStandardError: failure))
        }
    }

    /// The environment of every child: the user's own, with the `KUBECONFIG` list made absolute.
    var environment: Environment {
        guard let list = self.kubeconfigList else { return .inherit }
        return Environment.inherit.updating(["KUBECONFIG": list])
    }

    private static func kubectl(on path: String) async -> String? {
        let environment = Environment.custom(["PATH": path])
        return try? await Executable.name("kubectl").resolveExecutablePath(in: environment).string
    }

    private static func absolute(_ path: String, in directory: String) -> String {
        FilePath(path).isAbsolute ? path : FilePath(directory).appending(path).lexicallyNormalized().string
    }
}

extension String {
    fileprivate init(fromStandardError text: String) {
        self = KubectlError.message(fromStandardError: text)
    }
}
