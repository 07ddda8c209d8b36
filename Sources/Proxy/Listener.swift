internal import EventLoop
internal import TLS

/// A listening socket, and the routes it leads to.
final class Listener {
    /// Who has bound it, and to what.
    enum Origin {
        /// This process, to an address at which each loop can have a socket of its own.
        case address
        /// This process, to a Unix socket's path.
        case path
        /// systemd, which holds it when this process has ended.
        case systemd
    }

    /// Nil once the proxy drains, and where another loop accepts for this one.
    @exclusivity(unchecked) var descriptor: Descriptor?
    let address: SocketAddress
    let router: Router
    /// What encrypts its clients' connections, if anything does.
    let tls: TLSContext?
    /// For accepting again after a pause.
    let timer: TimerID
    let origin: Origin
    /// Connections may be waiting that no further edge will tell of.
    @exclusivity(unchecked) var mayHaveMore = false
    /// The other loops have been asked for places of clients, and have had time until then; from then on who has none is refused.
    @exclusivity(unchecked) var refusalTime: Instant?

    init(descriptor: consuming Descriptor?, address: SocketAddress, router: Router, tls: TLSContext?, timer: TimerID, origin: Origin) {
        self.descriptor = consume descriptor
        self.address = address
        self.router = router
        self.tls = tls
        self.timer = timer
        self.origin = origin
    }
}
