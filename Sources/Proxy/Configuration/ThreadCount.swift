/// How many event loops there are, each on a thread of its own.
public enum ThreadCount: Sendable, Equatable {
    case fixed(Int)
    /// One for each core that the process may use.
    case auto
}
