/// Lends the memory of exchanges to connections while they have a request: an idle connection has none.
///
/// What is given back has ended, holds nothing, and is used again as it is. For one thread.
final class ExchangePool {
    /// What a connection without a request has: never written.
    let none: UnsafeMutablePointer<Exchange>
    @exclusivity(unchecked) private var free: UnsafeMutablePointer<UnsafeMutablePointer<Exchange>>
    @exclusivity(unchecked) private var freeCount = 0

    init() {
        none = .allocate(capacity: 1)
        none.initialize(to: Exchange())
        free = .allocate(capacity: Limits.idleExchangesMax)
    }

    deinit {
        for index in 0..<freeCount { Self.discard(free[index]) }
        free.deallocate()
        Self.discard(none)
    }

    func lend() -> UnsafeMutablePointer<Exchange> {
        if freeCount > 0 {
            freeCount -= 1
            return free[freeCount]
        }
        let exchange = UnsafeMutablePointer<Exchange>.allocate(capacity: 1)
        exchange.initialize(to: Exchange())
        return exchange
    }

    func giveBack(_ exchange: UnsafeMutablePointer<Exchange>) {
        precondition(exchange.pointee.phase == .none, "an exchange was given back before it had ended")
        guard freeCount < Limits.idleExchangesMax else { return Self.discard(exchange) }
        free[freeCount] = exchange
        freeCount += 1
    }

    /// Lets go of one that may not have ended.
    static func discard(_ exchange: UnsafeMutablePointer<Exchange>) {
        exchange.deinitialize(count: 1)
        exchange.deallocate()
    }
}
