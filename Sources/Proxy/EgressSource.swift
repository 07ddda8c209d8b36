internal import Credentials

/// Where the user name or the password of an egress proxy is read, and what stood there.
struct EgressSource {
    let source: SecretSource
    /// Kept for when the other one has changed: this one need not be read again, for which a command would have to be run.
    var value: Secret?

    init(_ source: SecretSource, value: Secret?) {
        self.source = source
        self.value = value
    }
}
