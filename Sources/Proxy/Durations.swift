internal import EventLoop

/// How long a request took.
struct Durations {
    /// From its head to the end of its answer.
    var whole: Interval
    /// From the head's sending to the head of the answer, over all attempts.
    var upstream: Interval
    /// What the proxy took itself, until the beginning of the answer had been passed on.
    var overhead: Interval
    /// It waited for a token.
    var token: Interval
    /// It waited for a connection.
    var queue: Interval
}
