#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#endif

/// This process's limit of open files.
public enum FileLimit {
    /// Raises the soft limit to the hard one: a connection takes two descriptors, and some shells and container runtimes start
    /// programs with a soft limit of 1,024.
    ///
    /// - Returns: The limit that holds from then on.
    @discardableResult
    public static func raise() -> Int {
        var limit = rlimit()
        guard getrlimit(Self.files, &limit) == 0 else { return 0 }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(Self.files, &limit)
        return Int(clamping: limit.rlim_cur)
    }

    /// The limit that holds now.
    public static var current: Int {
        var limit = rlimit()
        return getrlimit(Self.files, &limit) == 0 ? Int(clamping: limit.rlim_cur) : 1024
    }

    #if canImport(Glibc)
        private static let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let files = RLIMIT_NOFILE
    #endif
}
