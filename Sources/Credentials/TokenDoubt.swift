/// Whether upstreams refuse the present token, of which nothing better is to be had for now.
///
/// Once it was accepted after that, it is no longer doubted, whoever refuses it then: what some accept and some refuse is no matter of
/// the token, and a client that asks for what it may not have does not make the proxy look as if it could serve nobody.
struct TokenDoubt: Sendable {
    private var refusedGeneration: UInt64 = 0
    private var acceptedGeneration: UInt64 = 0

    /// No generation is 0: there is no token then.
    func isDoubted(_ generation: UInt64) -> Bool {
        generation > 0 && generation == refusedGeneration && generation != acceptedGeneration
    }

    mutating func refused(_ generation: UInt64) { refusedGeneration = max(refusedGeneration, generation) }

    mutating func accepted(_ generation: UInt64) {
        if isDoubted(generation) { acceptedGeneration = generation }
    }
}
