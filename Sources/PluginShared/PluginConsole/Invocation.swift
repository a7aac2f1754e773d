/// How the program was called: as a kubectl plugin, or by the name of its file.
public enum Invocation {
    /// `kubectl tunnel` for the file `kubectl-tunnel`, `kubectl tunnel-dns` for `kubectl-tunnel_dns`.
    ///
    /// kubectl looks a plugin up under its name with dashes turned into underscores.
    public static func name(of executable: String) -> String {
        let file = executable.split(separator: "/").last.map(String.init) ?? executable
        guard file.hasPrefix("kubectl-") else { return file }
        return "kubectl " + file.dropFirst("kubectl-".count).replacing("_", with: "-")
    }
}
