#if os(Linux)
    import Names

    /// Names as this machine's programs look them up, by a program of its own: it reads the resolver's files again.
    enum HostLookup {
        /// The IPv4 addresses of a host; none when it has none.
        static func addresses(of host: String) async -> [IPv4Address] {
            if let address = IPv4Address(host) { return [address] }
            let outcome = await MachineCommand.run(["getent", "ahostsv4", host])
            guard outcome.code == 0 else { return [] }
            var addresses: [IPv4Address] = []
            for line in outcome.output.split(separator: "\n") {
                guard let address = line.split(separator: " ").first.flatMap(IPv4Address.init),
                    !addresses.contains(address)
                else { continue }
                addresses.append(address)
            }
            return addresses
        }
    }
#endif
