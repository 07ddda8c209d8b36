/// What came to one service, without what controls the sandbox (`/_sandbox/state` and the like).
public struct RequestCounts: Equatable, Sendable {
    /// Requests whose head was well-formed, token calls included.
    public internal(set) var requests = 0
    /// Those among them that were refused for their token, or the want of one.
    public internal(set) var refused = 0
}
