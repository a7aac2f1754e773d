/// A word as a shell takes it for one.
public enum ShellWord {
    /// The word, in quotes where it needs them.
    public static func quoted(_ word: String) -> String {
        let isPlain =
            !word.isEmpty
            && word.utf8.allSatisfy { byte in
                let isLetter = (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte)
                return isLetter || (0x30...0x39).contains(byte) || "-_=./:@,+%".utf8.contains(byte)
            }
        return isPlain ? word : "'\(word.replacing("'", with: "'\\''"))'"
    }
}
