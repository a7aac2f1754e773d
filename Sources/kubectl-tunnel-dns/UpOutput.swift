import ArgumentParser

/// How a command tells what happens.
enum UpOutput: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}
