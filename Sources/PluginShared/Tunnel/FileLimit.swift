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
    public static func raise() -> UInt64 {
        var limit = rlimit()
        #if canImport(Glibc)
            let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let files = RLIMIT_NOFILE
        #endif
        guard getrlimit(files, &limit) == 0 else { return 0 }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(files, &limit)
        return UInt64(limit.rlim_cur)
    }
}
