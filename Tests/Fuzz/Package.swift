// swift-tools-version: 6.2

import PackageDescription

/// libFuzzer over the same code that `make test` runs with a bounded number of inputs; `make fuzz` builds and runs it.
let package = Package(
    name: "kubectl-tunnel-fuzz",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "kubectl-tunnel", path: "../.."),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        .target(name: "CFuzzer", path: "CFuzzer"),
        .executableTarget(
            name: "Fuzzer",
            dependencies: [
                "CFuzzer",
                .product(name: "Parts", package: "kubectl-tunnel"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ],
            path: ".",
            exclude: [
                "CFuzzer", "Corpus", "run", "Fuzzing/CorpusTests.swift", "Fuzzing/FuzzCorpus.swift",
                "Fuzzing/FuzzMutator.swift",
            ],
            sources: ["Fuzzer", "Fuzzing"]
        ),
    ],
    swiftLanguageModes: [.v6]
)
