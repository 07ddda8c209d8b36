internal import EventLoop

/// A listening socket, and the routes it leads to.
final class Listener {
    /// Nil once the proxy drains.
    var descriptor: Descriptor?
    let address: SocketAddress
    let router: Router
    /// For accepting again after a pause.
    let timer: TimerID
    /// Connections may be waiting that no further edge will tell of.
    var mayHaveMore = false

    init(descriptor: consuming Descriptor, address: SocketAddress, router: Router, timer: TimerID) {
        self.descriptor = consume descriptor
        self.address = address
        self.router = router
        self.timer = timer
    }
}
