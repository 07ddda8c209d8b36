internal import Credentials
internal import EventLoop
internal import Glibc

/// A credential at work: its token machine, the call that is under way, and the requests that wait for it.
final class CredentialState {
    let index: Int
    let configuration: Credential
    /// Where its tokens come from; nil for one that needs no call.
    let destination: Destination?
    let timer: TimerID
    @exclusivity(unchecked) var cache: TokenCache
    /// What was made of its secrets so far, and may still be of use; the newest at the end.
    var grants: [PreparedGrant]
    /// The reading of its secrets that is under way.
    var reading: SecretsReading?
    /// Not read again before this, whatever is refused.
    var rereadTime = Duration.zero
    /// Requests that wait for a token.
    var waiting: [Handle<Downstream>] = []
    /// What it is to send, until it is sent.
    var request: TokenRequest?
    /// When the call ends, however far it is: one that hangs must not keep others back longer than requests wait for it.
    var callDeadline = Duration.zero
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
        index: Int, configuration: Credential, destination: Destination?, grant: PreparedGrant, timer: TimerID,
        cache: TokenCache
    ) {
        self.index = index
        self.configuration = configuration
        self.destination = destination
        grants = [grant]
        self.timer = timer
        self.cache = cache
    }

    /// The customer whose token it is.
    var customerId: Secret? {
        (grants.first { cache.isOfToken($0.grant) } ?? grants.last)?.customerId
    }

    /// Finds the token of `generation`, which is the present one, in answers; nil if it is too short for that.
    func search(generation: UInt64) -> SecretSearch? {
        if generation != searchGeneration {
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
