internal import Credentials

/// What the secrets of a credential come to.
struct PreparedGrant: Sendable {
    let grant: Grant
    /// The customer whose requests carry the tokens, where the kind has one.
    let customerId: Secret?
    /// What they were, in the order of the credential's sources: the very ones that the grant has.
    var secrets: [Secret] = []
}
