/// Names a timer of a loop.
public struct TimerID: Equatable, Sendable {
    let index: Int32
    /// No timer.
    public static let none = TimerID(index: -1)
}
