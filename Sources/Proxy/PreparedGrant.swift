internal import Credentials

/// What the secrets of a credential come to.
struct PreparedGrant: Sendable {
    let grant: Grant
    /// The customer whose requests carry the tokens, where the kind has one.
    let customerId: Secret?
}
