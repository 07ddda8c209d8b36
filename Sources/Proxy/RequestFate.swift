/// What became of a request upstream, as far as is known. Who asked has to know it before asking again: requests may move money.
enum RequestFate {
    /// Not one byte of it was handed to the kernel.
    case notSent
    /// The upstream refused the token that it had, or the announcement of its content, and it has not been sent since.
    case notAccepted
    /// It may have taken effect.
    case sent

    /// For `details` of RFC 9209.
    var details: String {
        switch self {
        case .notSent: "the request had not been sent"
        case .notAccepted: "the request had not been accepted upstream"
        case .sent: "the request had been sent"
        }
    }

    /// For people.
    var text: String { self == .sent ? "\(details); whether it took effect is not known" : details }
}
