#if os(Linux)
    import NIOCore
    import NIOPosix
    import Names
    import PluginConsole

    /// Whether what was set up does what it is for, seen as programs see it.
    struct ResolverProof {
        /// How long a connection on this machine may take to come up: one lost SYN.
        private static let connectLimit = TimeAmount.milliseconds(500)

        let probe: ResolverProbe
        let link: NetworkLink
        /// The cluster's.
        let zone: String
        let loop: any EventLoop

        /// Looks a name up, connects to its address, and looks a name of the cluster up.
        ///
        /// - Parameter notice: Hears what does not work, and is no reason to undo everything.
        /// - Throws: ``PluginFailure`` with the first of them that does not work.
        func run(notice: @Sendable (String) -> Void) async throws {
            let name = "\(self.probe.name)"
            guard try await Polling.until({ await HostLookup.addresses(of: name).contains(ResolverProbe.address) })
            else {
                throw PluginFailure(
                    self.probe.wasAsked
                        ? "this machine's programs do not get our answers for names in \(self.zone)"
                        : "this machine's programs do not ask us for names in \(self.zone)")
            }
            let address = try SocketAddress(ipAddress: ResolverProbe.address.description, port: 1)
            let hasArrived = try await Polling.until {
                // Another manager of links may just have taken the route away.
                self.link.keepReachable()
                let connected = try? await ClientBootstrap(group: self.loop).connectTimeout(Self.connectLimit)
                    .connect(to: address).get()
                try? await connected?.close()
                return self.probe.hasArrived
            }
            guard hasArrived else { throw PluginFailure("connections of this machine's programs do not come to us") }
            guard try await self.resolves("kubernetes.default.svc.\(self.zone).") else {
                throw PluginFailure("the cluster's name server has no kubernetes.default.svc.\(self.zone)")
            }
            guard try await self.resolves("kubernetes.default") else {
                return notice(
                    "note: short names do not resolve, only full ones: /etc/resolv.conf does not have the resolver's search list"
                )
            }
        }

        private func resolves(_ name: String) async throws -> Bool {
            try await Polling.until { await !HostLookup.addresses(of: name).isEmpty }
        }
    }
#endif
