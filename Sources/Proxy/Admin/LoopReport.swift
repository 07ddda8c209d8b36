internal import EventLoop

/// What one loop tells of itself, for whoever looks at the proxy.
struct LoopReport: Sendable {
    /// A route's connections to its upstream, and who waits for one.
    struct RouteReport: Sendable {
        let name: String
        let openCount: Int
        let idleCount: Int
        let waitingCount: Int
        /// In the order in which they are tried.
        let addresses: [SocketAddress]
    }

    /// Clients that are served.
    let clientCount: Int
    /// Connections to upstreams and token services.
    let upstreamCount: Int
    let routes: [RouteReport]
    let faults: [Fault]
}
