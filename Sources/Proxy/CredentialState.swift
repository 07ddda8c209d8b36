internal import Credentials
internal import EventLoop
internal import Glibc

/// A credential at work on one loop: its token, the call that is under way, and the requests that wait for it.
final class CredentialState {
    let index: Int
    let configuration: Credential
    /// How long requests wait for a token, and a call for its answer.
    let authTimeout: Interval
    let responseHeadTimeout: Interval
    /// Where its tokens come from; nil for one that needs no call.
    let destination: Destination?
    let timer: TimerID
    /// Another configuration is in force: it serves those alone who wait for it.
    var isRetired = false
    /// The machine of all loops. Its events go through `use`, `accepted`, `look`, `report` and `change`.
    let shared: SharedCredential
    /// What this loop counts of its token calls.
    let counters: Counters
    /// A copy of it, as it was when `version` was its version.
    @exclusivity(unchecked) private(set) var cache: TokenCache
    private(set) var grants: [PreparedGrant]
    @exclusivity(unchecked) private var version: UInt64
    /// The copy's token serves until then without another look, whatever else it may do later.
    @exclusivity(unchecked) private var servingEnd = Instant.zero
    @exclusivity(unchecked) private var servingGeneration: UInt64 = 0
    @exclusivity(unchecked) private var awaitsAcceptances = false
    /// The reading of its secrets that is under way.
    var reading: SecretsReading?
    /// Requests that wait for a token.
    var waiting: [Handle<Downstream>] = []
    /// Before this, nothing is said of a request that got no token.
    var nextFaultLine = Instant.zero
    /// What it is to send, until it is sent.
    var request: TokenRequest?
    /// When the call ends, however far it is: one that hangs must not keep others back longer than requests wait for it.
    var callDeadline = Instant.zero
    /// The content of its answer so far.
    var answer: [UInt8] = []
    var answerStatus = 0
    var answerRetryAfter: Duration?
    /// The endpoint's clock when it answered, since 1970-01-01 UTC.
    var answerDate: Duration?
    /// Its interim answers (1xx).
    var answerInterimCount = 0
    /// For the routes that use it, made once for each token.
    private var search: SecretSearch?
    private var searchGeneration: UInt64 = 0
    /// For requests that had another token before the present one: made once for all of them that had the same.
    private var jointSearches: [(former: SecretSearch, both: SecretSearch)] = []

    init(
        index: Int, configuration: Credential, destination: Destination?, timer: TimerID, shared: SharedCredential,
        counters: Counters = .unread
    ) {
        self.counters = counters
        self.index = index
        self.configuration = configuration
        authTimeout = Interval(configuration.authTimeout)
        responseHeadTimeout = Interval(configuration.timeouts.responseHead)
        self.destination = destination
        self.timer = timer
        self.shared = shared
        (cache, grants) = shared.present
        // Of no state that there ever was: the first use copies it.
        version = 0
    }

    /// What a request that needs the token gets. Takes the lock only where the token may have changed.
    func use(at now: Instant, refusedGeneration: UInt64?) -> TokenCache.Use {
        if now < servingEnd, servingGeneration != refusedGeneration, shared.isVersion(version) {
            return .ready(generation: servingGeneration)
        }
        return look { $0.cache.use(at: now.sinceBeginning, refusedGeneration: refusedGeneration) }
    }

    /// A request with this generation was not refused; its answer has this status.
    func accepted(generation: UInt64, route: Int, status: Int) {
        if !shared.isVersion(version) { look { _ in } }
        guard awaitsAcceptances, cache.awaitsAcceptance(generation: generation, route: route, isProof: status < 400) else { return }
        change { $0.cache.accepted(generation: generation, route: route, isProof: status < 400) }
    }

    /// An event after which every loop's copy may still be used; this one has it anew.
    func look<Result>(_ body: (inout SharedCredential.State) -> Result) -> Result { shared.look(body, copy: take) }

    /// An event after which the loops have to copy the machine anew only where it serves something else.
    @discardableResult
    func report<Result>(_ body: (inout TokenCache) -> Result) -> Result { shared.report(body, copy: take) }

    /// An event after which every loop has to copy the machine anew.
    @discardableResult
    func change<Result>(_ body: (inout SharedCredential.State) -> Result) -> Result { shared.change(body, copy: take) }

    private func take(_ state: SharedCredential.State, _ version: UInt64) {
        cache = state.cache
        grants = state.grants
        self.version = version
        let serving = cache.serving
        servingEnd = serving.map { Instant($0.end) } ?? .zero
        servingGeneration = serving?.generation ?? 0
        awaitsAcceptances = cache.awaitsAcceptances
    }

    /// The customer whose token it is.
    var customerId: Secret? {
        (grants.first { cache.isOfToken($0.grant) } ?? grants.last)?.customerId
    }

    /// Finds the token of `generation`, which is the present one, in answers; nil if it is too short for that.
    func search(generation: UInt64) -> SecretSearch? {
        if generation != searchGeneration {
            precondition(cache.tokenGeneration == generation, "a token was searched for as another generation than its own")
            search = cache.search()
            searchGeneration = generation
            jointSearches = []
        }
        return search
    }

    /// Finds what a request may have had in its attempts before, and in this one the present token.
    func search(of former: SecretSearch, and present: SecretSearch) -> SecretSearch? {
        for joint in jointSearches where joint.former === former || joint.both === former { return joint.both }
        guard let both = SecretSearch(former, present) else { return nil }
        if jointSearches.count == Limits.jointSearchesMax { jointSearches.removeFirst() }
        jointSearches.append((former, both))
        return both
    }

    /// Forgets the answer, which held a token: its memory is overwritten first.
    func wipeAnswer() {
        answer.withUnsafeMutableBytes { bytes in
            if let base = bytes.baseAddress { explicit_bzero(base, bytes.count) }
        }
        answer = []
        answerStatus = 0
        answerRetryAfter = nil
        answerDate = nil
        answerInterimCount = 0
    }
}
