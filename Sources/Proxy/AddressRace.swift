internal import EventLoop

/// A connection that is being made: the addresses it may lead to, and the attempts that are under way at one time. The first
/// that succeeds is the connection (RFC 8305).
final class AddressRace {
    /// In the order in which they are tried.
    private(set) var candidates: [SocketAddress] = []
    /// Candidates that were tried, or are being tried.
    private(set) var triedCount = 0
    /// Under way, the oldest first.
    var attempts: [AddressAttempt] = []
    /// The addresses are being looked up again, and may become more.
    var awaitsLookUp = false
    /// Why the last attempt failed.
    var fault: UpstreamFault?

    var hasMore: Bool { triedCount < candidates.count }

    /// Adds what is not there yet.
    func add(_ addresses: [SocketAddress]) {
        for address in addresses where candidates.count < Limits.attemptsMax && !candidates.contains(address) {
            candidates.append(address)
        }
    }

    /// The next address to be tried, and its place among the candidates.
    func takeNext() -> (address: SocketAddress, place: Int)? {
        guard hasMore else { return nil }
        triedCount += 1
        return (candidates[triedCount - 1], triedCount - 1)
    }

    func attempt(at place: Int) -> AddressAttempt? { attempts.first { $0.place == place } }
}
