internal import EventLoop

/// Wakes a handler in simulated time.
// Unchecked, and safe: all that is simulated has one thread.
final class SimulatedWaker: Waker, @unchecked Sendable {
    private weak var network: Network?
    private let token: UInt64

    init(_ network: Network, token: UInt64) {
        self.network = network
        self.token = token
    }

    func wake() {
        guard let network else { return }
        network.plan(.woken(token: token), after: network.seed.duration(in: .microseconds(1)...(.microseconds(200))))
    }
}
