import ArgumentParser

/// How a command reports what happens.
enum UpOutput: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}
