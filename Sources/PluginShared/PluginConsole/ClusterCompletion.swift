public import ArgumentParser
import KubernetesViaKubectl

/// Values of the cluster, for a command line that is being typed.
public enum ClusterCompletion {
    /// Namespaces.
    public static let namespaces = Self.names(["get", "namespaces"], inNamespace: false)

    /// Contexts of the kubeconfig; the cluster is not asked.
    public static let contexts = CompletionKind.custom { words, _, _ in
        await KubectlQuery.lines(
            ["config", "get-contexts", "--output=name"],
            KubectlOptions(kubeconfig: Self.options(in: words).kubeconfig))
    }

    /// The names of objects.
    public static func names(_ question: [String], inNamespace: Bool = true) -> CompletionKind {
        .custom { words, _, _ in
            var options = Self.options(in: words)
            if !inNamespace { options.namespace = nil }
            let lines = await KubectlQuery.lines(question + ["--output=name", Self.timeout], options)
            return lines.compactMap { $0.split(separator: "/").last.map(String.init) }
        }
    }

    /// What a template makes of objects, split at blanks.
    ///
    /// - Parameter question: Of kubectl, from the words typed; `nil` for none.
    public static func template(
        _ text: String, _ question: @escaping @Sendable ([String]) -> [String]?,
        _ change: @escaping @Sendable ([String], String) -> [String] = { values, _ in values }
    ) -> CompletionKind {
        .custom { words, _, _ in
            guard let question = question(words) else { return [] }
            let lines = await KubectlQuery.lines(
                question + ["--output=go-template=\(text)", Self.timeout], Self.options(in: words))
            let values = lines.flatMap { $0.split(separator: " ").map(String.init) }
            return change(values, Self.value(of: words.last ?? ""))
        }
    }

    /// A shell waits: the server gets less time than the whole question.
    private static let timeout = "--request-timeout=900ms"

    /// What stands behind `--flag=`, or the word itself.
    static func value(of word: String) -> String {
        guard word.hasPrefix("-"), let equals = word.firstIndex(of: "=") else { return word }
        return String(word[word.index(after: equals)...])
    }

    /// kubectl's flags among the words.
    static func options(in words: [String]) -> KubectlOptions {
        var options = KubectlOptions()
        for (index, word) in words.enumerated() {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            // The last word is being typed.
            guard let name = parts.first, index < words.count - 1 else { continue }
            let value = parts.count == 2 ? parts[1] : index + 1 < words.count - 1 ? words[index + 1] : nil
            guard let value else { continue }
            switch name {
            case "-n", "--namespace": options.namespace = value
            case "--context": options.context = value
            case "--kubeconfig": options.kubeconfig = value
            case "--as": options.impersonatedUser = value
            case "--as-group": options.impersonatedGroups.append(value)
            default: continue
            }
        }
        return options
    }
}
