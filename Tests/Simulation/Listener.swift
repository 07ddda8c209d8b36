internal import EventLoop

/// A socket that waits for connections.
final class Listener: Socket {
    let options: ListenOptions
    var queue: [Stream] = []
    /// Connections whose first bytes are awaited before they may be accepted.
    var silent: [Stream] = []

    init(address: SocketAddress, options: ListenOptions) {
        self.options = options
        super.init(address: address)
    }

    /// Others may listen on its address, too.
    var isShared: Bool {
        switch options.sharing {
        case .none: false
        case .first, .more: true
        }
    }

    override func readiness() -> Readiness { queue.isEmpty ? [] : .readable }
}
