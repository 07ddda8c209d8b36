internal import Credentials
internal import EventLoop
internal import Synchronization

/// The token machine of a credential, which all loops share: so there is one flight at a time, whichever loop makes it.
///
/// Each loop has a copy of its own, in its `CredentialState`, which serves as long as the version is the same.
final class SharedCredential: Sendable {
    struct State: Sendable {
        var cache: TokenCache
        /// What was made of its secrets so far, and may still be of use; the newest at the end.
        var grants: [PreparedGrant]
        /// Not read again before this, whatever is refused.
        var rereadTime = Instant.zero
        /// A loop reads its secrets. No other does meanwhile: of two readings, the one that began first might end last, and
        /// put what it found, a token that was taken back perhaps, in the place of the newer.
        var isBeingRead = false
    }

    private let state: Locked<State>
    /// Moves whenever a copy may no longer be used.
    private let version = Atomic<UInt64>(1)

    init(cache: TokenCache, grant: PreparedGrant) { state = Locked(State(cache: cache, grants: [grant])) }

    /// The machine as it is.
    var present: (TokenCache, [PreparedGrant]) { state.withLock { ($0.cache, $0.grants) } }

    /// What its secrets came to when they were read last.
    var newestGrant: PreparedGrant? { state.withLock { $0.grants.last } }

    /// Whether nothing has happened since. To be told of it a moment late does no harm: no more than if the request had been
    /// sent that moment earlier.
    func isVersion(_ known: UInt64) -> Bool { version.load(ordering: .relaxed) == known }

    /// An event that leaves all copies usable: what it changes, time alone tells every loop as well.
    func look<Result>(_ body: (inout State) -> Result, copy: (State, _ version: UInt64) -> Void) -> Result {
        state.withLock { state in
            let result = body(&state)
            copy(state, version.load(ordering: .relaxed))
            return result
        }
    }

    /// An event that leaves the copies usable unless they would serve something else after it. A route that refuses whatever it
    /// gets does not make all loops take the lock for each request of every other.
    func report<Result>(_ body: (inout TokenCache) -> Result, copy: (State, _ version: UInt64) -> Void) -> Result {
        state.withLock { state in
            let former = state.cache
            let result = body(&state.cache)
            var known = version.load(ordering: .relaxed)
            if !state.cache.serves(as: former) {
                known += 1
                version.store(known, ordering: .releasing)
            }
            copy(state, known)
            return result
        }
    }

    /// Any other event.
    func change<Result>(_ body: (inout State) -> Result, copy: (State, _ version: UInt64) -> Void) -> Result {
        state.withLock { state in
            let result = body(&state)
            let new = version.load(ordering: .relaxed) + 1
            version.store(new, ordering: .releasing)
            copy(state, new)
            return result
        }
    }
}
