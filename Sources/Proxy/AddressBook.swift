internal import EventLoop

/// The addresses of a destination: how long they are used, which is tried first, and which are gone.
///
/// A look-up takes no request's time where it can be helped: addresses that are to be looked up again serve on while that is
/// done, but not for ever.
struct AddressBook {
    enum State: Equatable {
        /// They are used as they are.
        case fresh
        /// They are used, and looked up again meanwhile.
        case stale
        /// A connection waits for the look-up.
        case unknown
    }

    private(set) var addresses: [SocketAddress] = []
    /// A look-up is under way.
    var isLookingUp = false
    /// When the addresses are to be looked up again.
    private(set) var expiry = Instant.zero
    /// Until when they serve while that is done.
    private var staleEnd = Instant.zero
    /// An address in numbers: never looked up.
    private let isFixed: Bool
    /// The one that was reached when others before it were not.
    private var preferred: SocketAddress?
    private var preferredEnd = Instant.zero
    /// When each was last in an answer.
    private var sightings: [(address: SocketAddress, time: Instant)] = []

    /// - Parameter address: the only one, where the host is written in numbers.
    init(fixed address: SocketAddress?) {
        isFixed = address != nil
        guard let address else { return }
        addresses = [address]
        expiry = .never
    }

    func state(at now: Instant) -> State {
        if isFixed { return .fresh }
        if addresses.isEmpty { return .unknown }
        return now < expiry ? .fresh : now < staleEnd ? .stale : .unknown
    }

    /// The addresses in the order in which they are to be tried: the resolver's, but for what was found out since.
    func candidates(at now: Instant) -> [SocketAddress] {
        guard let preferred, now < preferredEnd,
            let index = addresses.firstIndex(of: preferred) ?? addresses.firstIndex(where: { $0.isIPv6 == preferred.isIPv6 })
        else { return addresses }
        var candidates = addresses
        candidates.insert(candidates.remove(at: index), at: 0)
        return candidates
    }

    /// A look-up had an answer. Whether addresses are gone since: connections to them are not to be used for ever.
    mutating func learned(_ answer: [SocketAddress], at now: Instant) -> Bool {
        addresses = Array(answer.prefix(Limits.addressesMax))
        expiry = now + Limits.resolutionLifetime
        staleEnd = expiry + Limits.staleResolutionMax
        for address in answer.prefix(Limits.sightingsMax) {
            sightings.removeAll { $0.address == address }
            sightings.append((address, now))
        }
        let count = sightings.count
        sightings.removeAll { $0.time + Limits.goneAddressGrace <= now }
        if sightings.count > Limits.sightingsMax { sightings.removeFirst(sightings.count - Limits.sightingsMax) }
        return sightings.count < count
    }

    /// A look-up failed. Whether there are addresses all the same: yesterday's are better than none.
    mutating func lookUpFailed(at now: Instant) -> Bool {
        expiry = now + Limits.resolutionLifetime
        staleEnd = max(staleEnd, expiry)
        return !addresses.isEmpty
    }

    /// An address was reached, and others before it were not, or not as soon: it is tried first for a while.
    mutating func prefer(_ address: SocketAddress, at now: Instant) {
        preferred = address
        preferredEnd = now + Limits.preferenceLifetime
    }

    /// No address was reached: they may have moved.
    mutating func unreachable(at now: Instant) {
        preferred = nil
        guard !isFixed else { return }
        expiry = min(expiry, now)
        staleEnd = expiry
    }

    /// Whether no answer has had the address for a while.
    func isGone(_ address: SocketAddress) -> Bool { !isFixed && !sightings.contains { $0.address == address } }
}

extension SocketAddress {
    fileprivate var isIPv6: Bool {
        if case .ipv6 = self { true } else { false }
    }
}
