internal import EventLoop

/// What the loops of a process share, where there are several: their letter boxes, and the counts that limits hold for.
///
/// A request that has its token and finds a connection in the pool only says that one less rests there: a store that nobody waits for.
public final class LoopGroup: Sendable {
    /// What others know of one loop.
    final class Member: Sendable {
        let mailbox = Mailbox<LoopMail>()
        /// Clients that it serves, and those on their way to it.
        let clientCount = SharedCount()
        /// TLS handshakes of clients that are under way with it.
        let handshakeCount = SharedCount()
        /// Descriptors of its connections.
        let socketCount = SharedCount()
        /// It takes over no client any more, but those that are on their way.
        let isDraining = SharedFlag()
        let hasDrained = SharedFlag()
        /// It has been told that descriptors are wanted, and did not get to it yet.
        let isAskedForDescriptors = SharedFlag()
        /// It has been told that places of clients are wanted, and did not get to it yet.
        let isAskedForClients = SharedFlag()
        /// What it said of itself when it was last asked.
        let report = Locked<LoopReport?>(nil)
    }

    let members: [Member]
    /// Clients that have a place, over all loops.
    private let clientCount = SharedCount()
    /// Descriptors of clients that have been handed over, and have not arrived.
    let handedOverCount = SharedCount()
    /// Clients that are being told that there are too many, over all loops.
    let refusedCount = SharedCount()
    let replayBytes = SharedCount()
    let inspectedBytes = SharedCount()
    /// Clients that have a place, by their user.
    let placesTaken = Locked<[ClientUser: Int]>([:])
    /// What each has to take over, in its order.
    private let renewals: Locked<[[Renewal]]>
    /// Of the start, by the destination's index.
    private let destinations: Locked<[Int: SharedPlaces]> = Locked([:])

    /// Likewise.
    private let rates: Locked<[Int: RequestRate]> = Locked([:])

    /// For so many loops, of which there are at least two.
    public init(count: Int) {
        precondition(count > 1, "one loop shares nothing")
        members = (0..<count).map { _ in Member() }
        renewals = Locked(Array(repeating: [], count: count))
    }

    func post(_ mail: LoopMail, to member: Int) { members[member].mailbox.post(mail) }

    func postToOthers(of position: Int, _ mail: LoopMail) {
        for other in members.indices where other != position { post(mail, to: other) }
    }

    /// From now on it is there for all loops but the first, whichever hears of it first.
    func stage(_ renewal: Renewal) {
        renewals.withLock { queues in
            for position in queues.indices.dropFirst() { queues[position].append(renewal) }
        }
    }

    func takeRenewals(of position: Int) -> [Renewal] {
        renewals.withLock { queues in
            defer { queues[position] = [] }
            return queues[position]
        }
    }

    /// The places of a destination, the same for each loop.
    func places(of destination: Int, max: Int, queueMax: Int) -> SharedPlaces {
        destinations.withLock { known in
            if let places = known[destination] { return places }
            let places = SharedPlaces(loops: members.count, max: max, queueMax: queueMax)
            known[destination] = places
            return places
        }
    }

    /// How often a route takes requests, the same for each loop.
    func rate(ofRoute route: Int, perSecond: Int) -> RequestRate {
        rates.withLock { known in
            if let rate = known[route] { return rate }
            let rate = RequestRate(perSecond: perSecond)
            known[route] = rate
            return rate
        }
    }

    /// Clients that have a place.
    var takenPlacesCount: Int { clientCount.value }

    /// Counts one more client; false, and it is not counted, where all places are taken.
    func takeClientPlace(of placesMax: Int) -> Bool {
        if clientCount.add(1) <= placesMax { return true }
        giveClientPlaceBack()
        return false
    }

    func giveClientPlaceBack() { clientCount.add(-1) }

    func areClientPlacesTaken(of placesMax: Int) -> Bool { clientCount.value >= placesMax }

    func socketCount(besides position: Int) -> Int {
        members.indices.reduce(handedOverCount.value) { $1 == position ? $0 : $0 + members[$1].socketCount.value }
    }

    /// A client's connection has ended.
    func uncount(_ position: Int, isRefused: Bool) {
        members[position].clientCount.add(-1)
        if isRefused { refusedCount.add(-1) } else { giveClientPlaceBack() }
    }

    /// Who is to serve one more client, if this loop has clearly more of them than another has. Few of them, which may stay for
    /// days, are spread evenly; among many, to hand one over costs more than it gains.
    func lessBusy(than position: Int) -> Int? {
        let own = members[position].clientCount.value
        var least = own
        var found: Int?
        for other in members.indices where other != position && !members[other].isDraining.isSet {
            let count = members[other].clientCount.value
            if count < least { (least, found) = (count, other) }
        }
        return own + 1 - least > max(1, least / Limits.loopShareTolerance) ? found : nil
    }

    /// Counts a client as on its way to a loop. False, and it is not, if that has begun to drain. It said so before it looked at the
    /// count, and this counts before it looks at that: so it never ends with a client on its way.
    func sendClient(to member: Int) -> Bool {
        members[member].clientCount.add(1)
        guard members[member].isDraining.isSet else { return true }
        members[member].clientCount.add(-1)
        // It may have waited for this one.
        post(.drain, to: member)
        return false
    }

    /// A loop has nothing more to do. True when none has.
    func drained(_ position: Int) -> Bool {
        members[position].hasDrained.set()
        return members.allSatisfy { $0.hasDrained.isSet }
    }
}
