internal import EventLoop

/// How long each step of a route's exchanges may take, as the loop reckons it.
struct RouteTimeouts {
    let requestHead: Interval
    let requestBody: Interval
    let keepAlive: Interval
    let responseHead: Interval
    let idle: Interval

    init(_ timeouts: Timeouts) {
        requestHead = Interval(timeouts.requestHead)
        requestBody = Interval(timeouts.requestBody)
        keepAlive = Interval(timeouts.keepAlive)
        responseHead = Interval(timeouts.responseHead)
        idle = Interval(timeouts.idle)
    }
}
