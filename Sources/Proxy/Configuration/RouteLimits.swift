/// How much of one route goes on at a time.
public struct RouteLimits: Sendable, Equatable {
    /// Requests under way upstream.
    public let concurrency: Int
    /// Requests that wait for one of those to end; the next one is refused with 503.
    public let queue: Int
    /// Bytes of one request's content; a longer one is refused with 413.
    public let requestBodyBytesMax: Int
    /// Requests that are taken in a second; one more is refused with 429. Nil: as many as come.
    public var requestsPerSecond: Int?
}
