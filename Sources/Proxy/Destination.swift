internal import EventLoop
internal import TLS

/// Where a route's requests, or a credential's token calls, go: the origin, how it is trusted, and the connections to it.
///
/// Each route has one of its own. So no connection is ever shared between two routes, whatever they have in common.
final class Destination {
    /// A request that waits for a connection. Its client may wait with another by the time that it has its turn.
    struct Waiting {
        var downstream: Handle<Downstream>
        var exchange: UInt64
        var since: Instant
    }

    let index: Int
    let origin: Origin
    /// The proxy that the way leads through, if it does.
    let egress: Egress?
    /// What is dialled: the origin, what `connectTo` says, or the egress proxy.
    let dialled: Endpoint
    /// Nil for plain HTTP to loopback.
    let tls: TLSContext?
    /// The name that the certificate has to be valid for.
    let serverName: String
    let connectTimeout: Interval
    let concurrency: Int
    let queueMax: Int
    /// The places that all loops share; nil where there is one loop.
    let shared: SharedPlaces?

    /// What this loop counts of its connections.
    @exclusivity(unchecked) var counters = Counters.unread
    @exclusivity(unchecked) var addressBook: AddressBook
    /// Connections that wait for the look-up that is under way, or may profit by it.
    var resolving: [Handle<Upstream>] = []
    /// None is opened ahead before this: one could not be made.
    var nextAhead = Instant.zero
    /// No content of unknown length is announced before this: the upstream refused that when some of it had gone.
    var nextAnnouncement = Instant.zero
    /// Before this, nothing is said of an address that is passed over.
    var nextPassedOverLine = Instant.zero
    /// Another configuration is in force: its connections end with their requests.
    @exclusivity(unchecked) var isRetired = false

    /// Free connections, the one that was used last at the end.
    @exclusivity(unchecked) var idle: [Handle<Upstream>] = []
    /// Connections in any phase.
    @exclusivity(unchecked) private(set) var openCount = 0
    /// What the other loops have been told: so many requests wait here in vain, the first of them since then.
    @exclusivity(unchecked) var toldWaitingCount = 0
    var toldSince = Instant.never
    /// Connections that are being made for whoever is first in the queue.
    var promisedCount = 0
    @exclusivity(unchecked) private var queue: [Waiting] = []
    // What is in `counters` of these.
    @exclusivity(unchecked) private var publishedIdleCount = 0
    @exclusivity(unchecked) private var publishedQueueCount = 0
    @exclusivity(unchecked) private var queueStart = 0

    init(
        index: Int, origin: Origin, connectTo: Endpoint?, tls: TLSContext?, serverName: String?, egress: Egress? = nil,
        connectTimeout: Duration, concurrency: Int, queueMax: Int, shared: SharedPlaces? = nil
    ) {
        self.shared = shared
        self.index = index
        self.origin = origin
        let egress = egress.flatMap { $0.leads(to: origin, connectTo: connectTo) ? $0 : nil }
        self.egress = egress
        dialled = egress?.endpoint ?? connectTo ?? Endpoint(host: origin.host, port: origin.port)
        addressBook = AddressBook(fixed: SocketAddress(numeric: dialled.host, port: dialled.port))
        self.tls = tls
        self.serverName = serverName ?? origin.host
        self.connectTimeout = Interval(connectTimeout)
        self.concurrency = concurrency
        self.queueMax = queueMax
    }

    /// Requests that wait for a connection.
    var queueCount: Int { queue.count - queueStart }

    /// Whether neither a connection may be made nor a request wait for one. Those for whom one is being made do not
    /// count as waiting.
    func isFull(at position: Int) -> Bool {
        if let shared { return shared.isFull(at: position) }
        return queueCount - promisedCount >= queueMax && openCount >= concurrency
    }

    /// Counts one more connection, if that is within the limit.
    func takePlace() -> Bool {
        guard openCount < concurrency, shared?.take() ?? true else { return false }
        openCount += 1
        return true
    }

    /// Counts one more connection that is made whatever the limit: in the place of one that has ended, or for a token call.
    func takePlaceAnyway() {
        shared?.takeAnyway()
        openCount += 1
    }

    /// A connection has ended.
    func givePlaceBack() {
        openCount -= 1
        shared?.giveBack()
    }

    /// The request at the head of the queue, whether or not it still waits.
    var firstWaiting: Waiting? { queueStart < queue.count ? queue[queueStart] : nil }
    /// Since when it has waited.
    var firstWaitingSince: Instant? { firstWaiting?.since }

    /// Since when the first has waited for whom no connection is being made.
    var firstUnpromisedSince: Instant? {
        let position = queueStart + promisedCount
        return position < queue.count ? queue[position].since : nil
    }

    func enqueue(_ waiting: Waiting) {
        queue.append(waiting)
        publishQueue()
    }

    /// For one that had its turn already, and has to be served anew.
    func enqueueFirst(_ waiting: Waiting) {
        var waiting = waiting
        waiting.since = min(waiting.since, firstWaitingSince ?? waiting.since)
        if queueStart > 0 {
            queueStart -= 1
            queue[queueStart] = waiting
        } else {
            queue.insert(waiting, at: 0)
        }
        publishQueue()
    }

    /// To be called after each change.
    private func publishQueue() {
        // Another of the same route may count there as well.
        counters.add(queueCount - publishedQueueCount, at: Figure.Connections.waiting)
        publishedQueueCount = queueCount
    }

    /// To be called after each change of `idle`.
    func publishIdle() {
        counters.add(idle.count &- publishedIdleCount, at: Figure.Connections.idle)
        publishedIdleCount = idle.count
    }

    /// Drops those who no longer wait. In a queue that is full they would keep others out.
    func keepInQueue(_ isWaiting: (Waiting) -> Bool) {
        queue.removeFirst(queueStart)
        queueStart = 0
        queue.removeAll { !isWaiting($0) }
        publishQueue()
    }

    /// The request that has waited longest. It may have ended meanwhile.
    func dequeue() -> Waiting? {
        guard queueStart < queue.count else { return nil }
        let first = queue[queueStart]
        queueStart += 1
        defer { publishQueue() }
        if queueStart == queue.count {
            queue.removeAll(keepingCapacity: true)
            queueStart = 0
        } else if queueStart >= 1024 {
            queue.removeFirst(queueStart)
            queueStart = 0
        }
        return first
    }

    /// A fault of connecting, which is the egress proxy's where that is dialled.
    func connecting(_ fault: UpstreamFault) -> UpstreamFault {
        egress.map { .egress(proxy: $0.text, setting: $0.setting, .connecting(fault)) } ?? fault
    }

    /// For messages: `btc.connect.bloq.cloud:443`.
    var text: String {
        origin.host.contains(":") ? "[\(origin.host)]:\(origin.port)" : "\(origin.host):\(origin.port)"
    }
}
