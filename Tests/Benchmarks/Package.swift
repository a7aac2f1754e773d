// swift-tools-version: 6.2

import PackageDescription

/// The load of the benchmarks: clients, servers and a slow network, straight on the system's sockets. `bench` drives it.
let package = Package(
    name: "kubectl-tunnel-benchmarks",
    targets: [.executableTarget(name: "load", path: "Load")],
    swiftLanguageModes: [.v6]
)
