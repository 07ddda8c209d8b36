/// How many bytes had arrived at one end of a connection at some moment; the stream's end counts as one more.
public struct Arrived: Equatable, Sendable {
    /// In the socket, received or not.
    public var count: Int
    /// Of those, the ones of which an event has told.
    public var toldCount: Int

    /// Two turns: one that was under way, and the one that was told.
    static let telling = Duration.microseconds(2)

    public init(count: Int = 0, toldCount: Int = 0) {
        self.count = count
        self.toldCount = toldCount
    }
}
