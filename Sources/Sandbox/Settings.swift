extension Sandbox {
    /// How the emulated services are run.
    public struct Settings: Sendable {
        /// Accounts listens on this port of 127.0.0.1, Connect on the next, Bloquo on the one after. 0: ports that the
        /// system picks.
        public var portBase: UInt16 = 0
        /// Life of the access tokens that client keys obtain, Bloq's and Bloquo's; whole seconds, the rest is cut off.
        public var tokenLifetime: Duration = .seconds(3600)
        /// Life of Bloq's account tokens (`POST /auth`); whole seconds.
        public var accountTokenLifetime: Duration = .seconds(12 * 3600)
        /// Life of Bloq's refresh tokens; whole seconds.
        public var refreshTokenLifetime: Duration = .seconds(365 * 24 * 3600)
        /// How often Connect tells subscribers of a transaction; each fourth time it is a block.
        public var eventInterval: Duration = .seconds(3)
        /// How often clients of events are asked to send a ping, and how late they may be before their session ends.
        /// Together less than 75 seconds, whole milliseconds.
        public var pingInterval: Duration = .seconds(25)
        public var pingTimeout: Duration = .seconds(5)
        /// So many of a hundred requests meet a fault, which a generator with this seed chooses.
        public var chaosPercent = 0
        public var chaosSeed: UInt64 = 0
        /// Whether the services speak TLS. False is for tests that look at the bytes.
        public var isEncrypted = true

        public init() {}

        public init(portBase: UInt16 = 0, tokenLifetime: Duration) {
            self.portBase = portBase
            self.tokenLifetime = tokenLifetime
        }
    }
}
