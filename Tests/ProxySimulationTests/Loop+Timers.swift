@testable import EventLoop

extension Loop {
    /// Timers that were made and not given back, armed or not. There are not as many as `spareCount` that were given back.
    func madeTimerCount(spareCount: Int) -> Int {
        // Those are given out first; only then does one have a number of its own.
        let more = (0..<spareCount).map { _ in makeTimer(for: HandlerID(index: 0), token: 0) }
        for timer in more { removeTimer(timer) }
        return Int(more.map(\.index).max() ?? -1) + 1 - more.count
    }
}
