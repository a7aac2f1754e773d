// swift-tools-version: 6.2

import PackageDescription

/// The settings of every Swift target: imports are internal unless said otherwise, and every member's module is imported.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// What `make` says of the version: the values of C macros, and so no reason to compile anything else again.
let release: [CSetting] = ["RELEASE_VERSION", "RELEASE_IMAGE_DIGEST"].compactMap { name in
    Context.environment[name].map { .define(name, to: "\"\($0)\"") }
}

/// How the plugins are linked. Nobody looks their symbols up by name, and what is exported is never left out. A release is
/// linked with an older glibc than the one here: krew/sysroot.
let pluginLinking: [LinkerSetting] = {
    var flags = ["-Xlinker", "--no-export-dynamic"]
    if let sysroot = Context.environment["RELEASE_SYSROOT"] {
        flags += ["-use-ld=lld", "-Xlinker", "\(sysroot)/single-threaded.o"]
        for flag in ["--sysroot=\(sysroot)", "--gcc-install-dir=\(sysroot)/gcc", "-static-libgcc"] {
            flags += ["-Xclang-linker", flag]
        }
    }
    return [.unsafeFlags(flags, .when(platforms: [.linux], configuration: .release))]
}()

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
]
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "kubectl-tunnel",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "kubectl-tunnel", targets: ["kubectl-tunnel"]),
        // kubectl looks for `kubectl tunnel-dns` under this name: it turns dashes into underscores.
        .executable(name: "kubectl-tunnel_dns", targets: ["kubectl-tunnel-dns"]),
        .executable(name: "InClusterProxy", targets: ["InClusterProxy"]),
        // For Tests/Fuzz, a package of its own; nobody else should build upon it.
        .library(
            name: "Parts", targets: ["Kubernetes", "KubernetesViaKubectl", "Names", "Requests", "Session", "Tunnel"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        .systemLibrary(
            name: "CCurl",
            path: "Sources/PluginShared/CCurl",
            pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"])]
        ),
        .systemLibrary(name: "CProcess", path: "Sources/PluginShared/CProcess"),
        .target(
            name: "Kubernetes",
            path: "Sources/PluginShared/Kubernetes",
            swiftSettings: strict
        ),
        .target(
            name: "KubernetesViaKubectl",
            dependencies: [
                "CCurl", "CProcess", "Kubernetes", logging,
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Sources/PluginShared/KubernetesViaKubectl",
            swiftSettings: strict
        ),
        .target(
            name: "Tunnel",
            dependencies: nio + [
                logging, "Requests",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
            ],
            path: "Sources/PluginShared/Tunnel",
            swiftSettings: strict
        ),
        .target(name: "CRelease", path: "Sources/PluginShared/CRelease", cSettings: release),
        .target(
            name: "Session",
            dependencies: ["CRelease", "Kubernetes", "Requests", .product(name: "Crypto", package: "swift-crypto")],
            path: "Sources/PluginShared/Session",
            swiftSettings: strict
        ),
        .target(
            name: "SessionEffects",
            dependencies: ["Kubernetes", "Session"],
            path: "Sources/PluginShared/SessionEffects",
            swiftSettings: strict
        ),
        .target(
            name: "Names",
            dependencies: nio,
            path: "Sources/PluginShared/Names",
            swiftSettings: strict
        ),
        .target(name: "Requests", path: "Sources/PluginShared/Requests", swiftSettings: strict),
        .systemLibrary(name: "CNamespace", path: "Sources/PluginShared/CNamespace"),
        .target(
            name: "NamespacedCommand",
            dependencies: nio + ["CNamespace", "Names", "Tunnel"],
            path: "Sources/PluginShared/NamespacedCommand",
            swiftSettings: strict
        ),
        .target(
            name: "PluginConsole",
            dependencies: [
                argumentParser, "Kubernetes", "KubernetesViaKubectl", logging,
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Sources/PluginShared/PluginConsole",
            swiftSettings: strict
        ),
        .target(
            name: "PluginSession",
            dependencies: [
                argumentParser, "Kubernetes", "KubernetesViaKubectl", "PluginConsole", "Session", "Tunnel",
            ],
            path: "Sources/PluginShared/PluginSession",
            swiftSettings: strict
        ),
        .target(
            name: "PluginGateway",
            dependencies: [
                argumentParser, "Kubernetes", "KubernetesViaKubectl", logging, "NamespacedCommand", "Names",
                "PluginConsole",
                "PluginSession", "Session", "SessionEffects", "Tunnel",
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            path: "Sources/PluginShared/PluginGateway",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "kubectl-tunnel",
            dependencies: nio + [
                argumentParser, "PluginConsole", "PluginGateway", "PluginSession", "Kubernetes",
                "KubernetesViaKubectl", logging, "NamespacedCommand", "Names", "Requests", "Session", "SessionEffects",
                "Tunnel",
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict,
            linkerSettings: pluginLinking
        ),
        .executableTarget(
            name: "kubectl-tunnel-dns",
            dependencies: nio + [
                argumentParser, "CNamespace", "Kubernetes", "KubernetesViaKubectl", "Names", "NamespacedCommand",
                "PluginConsole", "PluginGateway", "PluginSession", "Session", "SessionEffects", "Tunnel",
                .product(name: "NIOSOCKS", package: "swift-nio-extras"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict,
            linkerSettings: pluginLinking
        ),
        .executableTarget(
            name: "InClusterProxy",
            dependencies: nio + [
                "Kubernetes", logging, "Names", "Session", "SessionEffects", "Tunnel",
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            exclude: ["image"],
            swiftSettings: strict,
            // The image has nothing else in it; the plugins need libcurl and so the machine's loader.
            linkerSettings: [
                .unsafeFlags(["-static-executable"], .when(platforms: [.linux], configuration: .release))
            ]
        ),
        .testTarget(name: "KubernetesTests", dependencies: ["Kubernetes"], swiftSettings: strict),
        .testTarget(
            name: "SessionTests", dependencies: ["FaultBench", "Kubernetes", "Requests", "Session"],
            swiftSettings: strict),
        // An API server for what no real one does on demand.
        .target(
            name: "InMemoryAPI", dependencies: ["Kubernetes"], path: "Tests/InMemoryAPI", swiftSettings: strict),
        .testTarget(
            name: "SessionEffectsTests",
            dependencies: [
                "InClusterProxy", "InMemoryAPI", "Kubernetes", logging, "PluginSession", "Session", "SessionEffects",
                "Tunnel", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TunnelCommandTests",
            dependencies: [
                argumentParser, "FaultBench", "InMemoryAPI", "Kubernetes", "KubernetesViaKubectl", "PluginConsole",
                "PluginSession", "Requests",
                "Session", "SessionEffects", "Tunnel", "kubectl-tunnel",
                .product(name: "NIOCore", package: "swift-nio"),
            ], swiftSettings: strict
        ),
        // What the tests of faults share: a bad network, seeded schedules, histories and what must hold of them.
        .target(name: "FaultBench", path: "Tests/FaultBench", swiftSettings: strict),
        .testTarget(name: "FaultBenchTests", dependencies: ["FaultBench"], swiftSettings: strict),
        .testTarget(
            name: "TunnelTests",
            dependencies: nio + [
                logging, "FaultBench", "Requests", "Tunnel",
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
            ],
            swiftSettings: strict
        ),
        // Clients and servers that others wrote, with a tunnel in between.
        .executableTarget(
            name: "BothEnds",
            dependencies: [logging, "Requests", "Tunnel", .product(name: "NIOPosix", package: "swift-nio")],
            path: "Tests/BothEnds", swiftSettings: strict),
        .testTarget(
            name: "InteropTests", dependencies: ["BothEnds", "FaultBench"], exclude: ["Programs", "fetch"],
            swiftSettings: strict),
        .testTarget(name: "RequestsTests", dependencies: ["Requests"], swiftSettings: strict),
        .testTarget(name: "NamesTests", dependencies: nio + ["Names"], swiftSettings: strict),
        .testTarget(
            name: "TunnelDNSTests", dependencies: ["Names", "PluginGateway", "kubectl-tunnel-dns"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "NamespacedCommandTests",
            dependencies: nio + ["Names", "NamespacedCommand", "kubectl-tunnel-dns"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "PluginConsoleTests",
            dependencies: ["KubernetesViaKubectl", "PluginConsole"],
            swiftSettings: strict
        ),
        .testTarget(name: "ArchitectureTests", swiftSettings: strict),
        .testTarget(
            name: "FuzzTests",
            dependencies: [
                "Kubernetes", "KubernetesViaKubectl", logging, "Names", "Requests", "Session", "Tunnel",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ],
            path: "Tests/Fuzz/Fuzzing", swiftSettings: strict
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "FaultBench", "InClusterProxy", "Kubernetes", "Session",
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Tests/EndToEnd", exclude: ["FAILURES.md"], swiftSettings: strict
        ),
    ],
    swiftLanguageModes: [.v6]
)
