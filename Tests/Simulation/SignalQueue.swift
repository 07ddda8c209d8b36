internal import EventLoop

/// A descriptor by which signals are received.
final class SignalQueue: Socket {
    let signals: Set<Int32>
    var arrived: [Int32] = []

    init(signals: [Int32]) {
        self.signals = Set(signals)
        super.init(address: .unix(""))
    }

    override func readiness() -> Readiness { arrived.isEmpty ? [] : .readable }
}
