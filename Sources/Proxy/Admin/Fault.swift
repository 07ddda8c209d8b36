/// Something that went wrong, as often as it did, for whoever looks at the proxy.
struct Fault: Sendable, Equatable {
    /// What it is a fault of.
    enum Subject: Sendable, Equatable {
        case route(String)
        case credential(String)
        /// Of what came before a route was known, or of the machine.
        case proxy
    }

    let subject: Subject
    /// The word for programs: `upstream_tls`.
    let code: String
    /// The last one's, with the cause. Never a secret.
    var message: String
    var count = 1
    /// Since 1970-01-01 UTC.
    let first: Duration
    var last: Duration
}
