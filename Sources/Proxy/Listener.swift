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
    /// What tells listeners apart in a configuration. One name may stand for several sockets.
    struct Key: Hashable {
        let address: ListenAddress
        /// Where the kernel chooses the port: of the route that has it to itself.
        let route: String?

        init(_ route: Route) {
            switch route.listen {
            case .systemd(let name, _): self.init(passed: name)
            case .tcp, .localhost, .unix: self.init(address: route.listen, route: route.listen.isAnyPort ? route.name : nil)
            }
        }

        /// Of a socket of systemd, whoever may reach it.
        init(passed name: String) { self.init(address: .systemd(name: name, isExposed: false), route: nil) }

        private init(address: ListenAddress, route: String?) {
            self.address = address
            self.route = route
        }
    }

    let address: SocketAddress
    @exclusivity(unchecked) var router = Router(routes: [])
    /// What encrypts its clients' connections, if anything does.
    var tls: TLSContext?
    /// For accepting again after a pause.
    let timer: TimerID
    let origin: Origin
    /// What the configuration calls it.
    let key: Key
    /// No route listens there any more.
    var isRetired: Bool
    /// It was retired before, and has not got its routes yet.
    var isTakenUp = false
    /// Until then clients that another loop has accepted may still come, and find the routes that there were.
    var routesEnd = Instant.zero
    /// Connections may be waiting that no further edge will tell of.
    @exclusivity(unchecked) var mayHaveMore = false
    /// The other loops have been asked for places of clients, and have had time until then; from then on who has none is refused.
    @exclusivity(unchecked) var refusalTime: Instant?

    init(descriptor: consuming Descriptor?, address: SocketAddress, timer: TimerID, origin: Origin, key: Key) {
        self.descriptor = consume descriptor
        self.address = address
        self.timer = timer
        self.origin = origin
        self.key = key
        isRetired = origin == .systemd
    }

    /// Whether the same address can take its place, and needs no other: so those that come and go take no memory for good.
    func isFree(for key: Key, at address: SocketAddress) -> Bool {
        isRetired && origin != .systemd && self.key == key && self.address == address
    }

    /// It is listened on again.
    func takeUp(_ descriptor: consuming Descriptor?) {
        self.descriptor = consume descriptor
        isRetired = false
        isTakenUp = true
    }

    /// It could not be taken up with all that was to come with it.
    func layDown() {
        descriptor = nil
        isRetired = true
        isTakenUp = false
    }

    /// Whether it is what a configuration with this key wants. systemd's can be taken up again.
    func serves(_ key: Key) -> Bool { self.key == key && (!isRetired || origin == .systemd) }

    /// The routes of each, in the order of the configuration.
    static func groups(_ routes: [Route]) -> [(key: Key, routes: [Route])] {
        var groups: [(key: Key, routes: [Route])] = []
        var places: [Key: Int] = [:]
        for route in routes {
            let key = Key(route)
            if let place = places[key] {
                groups[place].routes.append(route)
            } else {
                places[key] = groups.count
                groups.append((key, [route]))
            }
        }
        return groups
    }
}
