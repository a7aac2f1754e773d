import CFuzzer

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The targets of this run: the one that `FUZZ_TARGET` names, or all, chosen by an input's first byte.
private let chosen: FuzzTarget? = {
    guard let name = getenv("FUZZ_TARGET").map({ String(cString: $0) }), !name.isEmpty else { return nil }
    guard let target = FuzzTarget.allCases.first(where: { $0.name == name }) else {
        complain("there is no target \(name)")
        exit(64)
    }
    return target
}()

/// Writes a line to standard error.
private func complain(_ text: String) {
    let line = Array((text + "\n").utf8)
    _ = write(STDERR_FILENO, line, line.count)
}

/// What libFuzzer calls with each input; its own `main` knows it by this name.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let all = FuzzTarget.allCases
    let target = chosen ?? all[Int(bytes.isEmpty ? 0 : bytes.removeFirst()) % all.count]
    do throws(FuzzFailure) {
        try target.run(bytes)
    } catch {
        complain("\(target.name): \(error)")
        abort()
    }
    return 0
}

/// SwiftPM gives each executable a main of its own, so libFuzzer's driver is called from there.
@main
enum Fuzzer {
    static func main() {
        var count = CommandLine.argc
        var words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        exit(LLVMFuzzerRunDriver(&count, &words, fuzzOneInput))
    }
}
