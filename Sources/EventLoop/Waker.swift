/// Wakes a loop from any thread: `Kernel.waker` makes it for one of its handlers.
public protocol Waker: Sendable {
    /// An event follows in the loop. Several calls may have one event together, which comes after the last.
    func wake()
}
