/// How the program was called: as a kubectl plugin, or by the name of its file.
public enum Invocation {
    /// `kubectl tunnel` for the file `kubectl-tunnel`, `kubectl tunnel-dns` for `kubectl-tunnel_dns`.
    ///
    /// kubectl looks a plugin up under its name with dashes turned into underscores. A script for a shell and a
    /// man page are about the file's name, by which they were asked for.
    public static func name(of executable: String, words: [String] = []) -> String {
        let file = executable.split(separator: "/").last.map(String.init) ?? executable
        let ofFile = ["--generate-completion-script", "---completion", "--experimental-dump-help"]
        guard file.hasPrefix("kubectl-"), !words.contains(where: ofFile.contains) else { return file }
        return "kubectl " + file.dropFirst("kubectl-".count).replacing("_", with: "-")
    }
}
