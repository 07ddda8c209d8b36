public import EventLoop

extension Sandbox {
    /// Where one emulated service is.
    public struct EmulatedService: Sendable {
        /// The name that its certificate is for, and that the real service has: `accounts.bloq.cloud`.
        public let host: String
        /// Where it really listens: an address of this machine.
        public let address: SocketAddress
    }
}
