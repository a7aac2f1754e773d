import Foundation
import Testing

/// The table of ARCHITECTURE.md, checked against the sources: SwiftPM alone lets a target import what its dependencies
/// depend on.
@Suite struct ImportTests {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Modules of the C library, which any target may use.
    static let system: Set<String> = ["Dispatch", "Synchronization", "Glibc", "Darwin", "Musl"]

    static let allowed: [String: Set<String>] = [
        "PluginShared/Kubernetes": ["FoundationEssentials"],
        "PluginShared/KubernetesViaKubectl": ["Kubernetes", "CCurl", "CProcess", "Subprocess", "SystemPackage"],
        "PluginShared/Tunnel": ["Requests", "NIOCore", "NIOPosix", "NIOHTTP2", "NIOHPACK", "Crypto", "Logging"],
        "PluginShared/Session": ["CRelease", "Requests", "Kubernetes", "Crypto", "FoundationEssentials"],
        "PluginShared/Names/Message": [],
        "PluginShared/Names/Cache": [],
        "PluginShared/Names": ["NIOCore", "NIOPosix"],
        "PluginShared/Requests": [],
        "PluginShared/NamespacedCommand": ["CNamespace", "Names", "NIOCore", "NIOPosix", "Tunnel"],
        "PluginShared/SessionEffects": ["FoundationEssentials", "Kubernetes", "Session"],
        "PluginShared/PluginConsole": ["Kubernetes", "KubernetesViaKubectl", "ArgumentParser", "SystemPackage"],
        "PluginShared/PluginSession": [
            "Kubernetes", "KubernetesViaKubectl", "PluginConsole", "Session", "Tunnel", "ArgumentParser",
            "FoundationEssentials",
        ],
        "PluginShared/PluginGateway": [
            "Kubernetes", "KubernetesViaKubectl", "NamespacedCommand", "Names", "PluginConsole", "PluginSession",
            "Session",
            "SessionEffects", "Tunnel",
            "ArgumentParser", "FoundationEssentials", "Logging", "NIOCore",
        ],
        "kubectl-tunnel": [
            "Requests",
            "Kubernetes", "KubernetesViaKubectl", "NamespacedCommand", "Names", "Session", "SessionEffects", "Tunnel",
            "PluginConsole", "PluginGateway", "PluginSession",
            "ArgumentParser", "FoundationEssentials", "Logging", "NIOCore", "NIOPosix", "UnixSignals",
        ],
        "kubectl-tunnel-dns": [
            "CNamespace", "Kubernetes", "KubernetesViaKubectl", "NamespacedCommand", "Names", "PluginConsole",
            "PluginGateway",
            "PluginSession", "Session", "SessionEffects", "Tunnel", "ArgumentParser", "FoundationEssentials", "NIOCore",
            "NIOPosix", "NIOSOCKS",
            "SystemPackage", "UnixSignals",
        ],
        "InClusterProxy": [
            "Kubernetes", "Names", "Session", "SessionEffects", "Tunnel", "FoundationEssentials", "Logging", "NIOCore",
            "NIOPosix", "NIOHTTP1", "NIOSSL", "UnixSignals",
        ],
    ]

    static func sources(in folder: String) -> [URL] {
        let base = Self.root.appendingPathComponent("Sources/\(folder)")
        let files = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil)
        return (files?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "swift" }
    }

    @Test("targets import what the table says", arguments: allowed.keys.sorted())
    func imports(folder: String) throws {
        let files = Self.sources(in: folder)
        #expect(!files.isEmpty)
        for file in files {
            for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
                let words = line.split(separator: " ").filter { $0 != "public" && !$0.hasPrefix("@") }
                guard words.first == "import", words.count > 1 else { continue }
                let module = String(words[1])
                #expect(
                    Self.allowed[folder]?.contains(module) == true || Self.system.contains(module),
                    "\(folder)/\(file.lastPathComponent) imports \(module)")
            }
        }
    }

    @Test("the table in ARCHITECTURE.md names every target")
    func documented() throws {
        let text = try String(contentsOf: Self.root.appendingPathComponent("ARCHITECTURE.md"), encoding: .utf8)
        for folder in Self.allowed.keys { #expect(text.contains("| \(folder) |")) }
    }

    @Test("no file is longer than 500 lines, and none can trap by force", arguments: allowed.keys.sorted())
    func files(folder: String) throws {
        for file in Self.sources(in: folder) {
            let lines = try String(contentsOf: file, encoding: .utf8).split(
                separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.count <= 500, "\(file.lastPathComponent)")
            for word in ["try!", " as! ", "fatalError("] {
                #expect(!lines.contains { $0.contains(word) }, "\(file.lastPathComponent): \(word)")
            }
        }
    }
}
