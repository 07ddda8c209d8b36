internal import EventLoop
internal import TLS

/// A listening socket, and the routes it leads to.
final class Listener {
    /// Nil once the proxy drains, and where another loop accepts for this one.
    var descriptor: Descriptor?
    let address: SocketAddress
    let router: Router
    /// What encrypts its clients' connections, if anything does.
    let tls: TLSContext?
    /// For accepting again after a pause.
    let timer: TimerID
    /// Connections may be waiting that no further edge will tell of.
    var mayHaveMore = false
    /// The other loops have been asked for places of clients, and have had time until then; from then on who has none is refused.
    var refusalTime: Instant?

    init(descriptor: consuming Descriptor?, address: SocketAddress, router: Router, tls: TLSContext?, timer: TimerID) {
        self.descriptor = consume descriptor
        self.address = address
        self.router = router
        self.tls = tls
        self.timer = timer
    }
}
