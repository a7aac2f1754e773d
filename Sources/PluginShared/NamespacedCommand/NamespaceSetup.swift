#if os(Linux)
    import CNamespace
    import Glibc

    /// Makes the namespaces around the helper's own process.
    struct NamespaceSetup {
        /// A step that did not work.
        struct Failure: Error {
            /// Its name, for people.
            let step: String
            /// errno.
            let code: Int32
        }

        /// Where nft is.
        let nft: String

        /// Enters new namespaces, and opens their listeners: for connections to any IPv4 address, for those to ::1, and
        /// for DNS on 127.0.0.1 over UDP and TCP.
        func enter() throws(Failure) -> [CInt] {
            try self.makeNamespaces()
            try self.check("make mounts private", cnamespace_make_mounts_private())
            try self.check("bring lo up", cnamespace_loopback_up())
            try self.check("route every address to lo", cnamespace_route_everything_to_loopback())
            // Where /proc is read-only, as in containers, the low ports stay closed.
            _ = Self.write("0", to: "/proc/sys/net/ipv4/ip_unprivileged_port_start")
            let (any, any6) = (try self.listen(isIPv6: false), try self.listen(isIPv6: true))
            let rules = NamespaceRules.text(port: any.port, port6: any6.port)
            try self.check("hand down the right to change the network", cnamespace_hand_down_network_rights(1))
            let code = self.apply(rules)
            guard code == 0 else { throw Failure(step: "nft", code: code) }
            let names = [try self.bindNames(SOCK_DGRAM), try self.bindNames(SOCK_STREAM)]
            return [any.descriptor, any6.descriptor] + names
        }

        /// Puts resolv.conf in place, out of the way of the machine's resolvers.
        func finish(resolver: String) throws(Failure) {
            // What nss-resolve, nscd and nss-mdns ask would answer with the machine's names.
            for folder in ["/run/systemd/resolve", "/run/nscd", "/run/avahi-daemon"] where access(folder, F_OK) == 0 {
                try self.check("hide \(folder)", cnamespace_mount_tmpfs(folder))
            }
            // Where resolv.conf is a link to one of these, the link is followed.
            if access("/run/systemd/resolve", F_OK) == 0 {
                for name in ["stub-resolv.conf", "resolv.conf"] {
                    _ = Self.write(resolver, to: "/run/systemd/resolve/\(name)")
                }
            }
            // A file to bind has to be somewhere; where it was made is uncovered again.
            try self.check("mount a folder", cnamespace_mount_tmpfs("/tmp"))
            guard Self.write(resolver, to: "/tmp/resolv.conf") else {
                throw Failure(step: "write resolv.conf", code: errno)
            }
            try self.check("put resolv.conf in place", cnamespace_bind("/tmp/resolv.conf", "/etc/resolv.conf"))
            try self.check("uncover /tmp", cnamespace_detach("/tmp"))
            try self.check("give the right up", cnamespace_hand_down_network_rights(0))
        }

        /// Applies rules.
        ///
        /// - Returns: 0, or errno, or nft's exit code.
        func apply(_ rules: String) -> Int32 {
            var ends: [CInt] = [0, 0]
            guard pipe(&ends) == 0 else { return errno }
            _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
            let (pid, code) = ChildProcess.spawn([self.nft, "-f", "-"], input: ends[0])
            close(ends[0])
            if code == 0 { _ = Self.write(rules, to: ends[1]) }
            close(ends[1])
            guard code == 0 else { return code }
            var status: CInt = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            return ChildProcess.exitCode(status)
        }

        /// An administrator needs no user namespace, and keeps the rights that a command may count on.
        private func makeNamespaces() throws(Failure) {
            let flags = CInt(CNAMESPACE_MOUNT | CNAMESPACE_NETWORK)
            let (user, group) = (geteuid(), getegid())
            if user == 0, cnamespace_unshare(flags) == 0 { return }
            try self.check("make a user namespace", cnamespace_unshare(flags | CInt(CNAMESPACE_USER)))
            let maps = [("setgroups", "deny"), ("uid_map", "\(user) \(user) 1"), ("gid_map", "\(group) \(group) 1")]
            for (name, text) in maps where !Self.write(text, to: "/proc/self/\(name)") {
                throw Failure(step: "write /proc/self/\(name)", code: errno)
            }
        }

        private func listen(isIPv6: Bool) throws(Failure) -> (descriptor: CInt, port: UInt16) {
            let descriptor = socket(isIPv6 ? AF_INET6 : AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            try self.check("open a socket", descriptor)
            try self.check("make a listener transparent", cnamespace_make_transparent(descriptor, isIPv6 ? 1 : 0))
            if isIPv6 {
                var on: CInt = 1
                setsockopt(descriptor, CInt(IPPROTO_IPV6), IPV6_V6ONLY, &on, socklen_t(MemoryLayout<CInt>.size))
            }
            try self.check("bind a listener", cnamespace_bind_socket(descriptor, isIPv6 ? 1 : 0, 0, 0))
            try self.check("listen", Glibc.listen(descriptor, 4096))
            return (descriptor, UInt16(truncatingIfNeeded: cnamespace_port(descriptor)))
        }

        private func bindNames(_ type: __socket_type) throws(Failure) -> CInt {
            let descriptor = socket(AF_INET, CInt(type.rawValue | SOCK_CLOEXEC.rawValue), 0)
            try self.check("open a socket", descriptor)
            try self.check("listen for DNS queries", cnamespace_bind_socket(descriptor, 0, 1, 53))
            if type == SOCK_STREAM { try self.check("listen for DNS queries", Glibc.listen(descriptor, 128)) }
            return descriptor
        }

        private static func write(_ text: String, to path: String) -> Bool {
            let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else { return false }
            let isWritten = Self.write(text, to: descriptor)
            let reason = errno
            close(descriptor)
            errno = reason
            return isWritten
        }

        private static func write(_ text: String, to descriptor: CInt) -> Bool {
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }

        private func check(_ step: String, _ result: CInt) throws(Failure) {
            if result < 0 { throw Failure(step: step, code: errno) }
        }
    }
#endif
