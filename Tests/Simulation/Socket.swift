internal import EventLoop

/// What a simulated descriptor stands for, and whether somebody watches it.
class Socket {
    /// -1 when it has no descriptor: not accepted yet, or closed.
    var descriptor: Int32 = -1
    /// Under which it is watched; nil when it is not.
    var token: UInt64?
    /// Stands in the list of what `wait` looks at next (epoll's ready list).
    var isQueued = false
    let address: SocketAddress

    init(address: SocketAddress) { self.address = address }

    /// What it is ready for at this moment, as poll would say.
    func readiness() -> Readiness { [] }
}
