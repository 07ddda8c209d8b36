/// Whose a client's connection is. That does not change: on a connection that is handed on, its maker's requests are made.
enum ClientUser: Hashable {
    case user(UInt32)
    /// The kernel does not tell.
    case unknown

    var number: UInt32? {
        switch self {
        case .user(let number): number
        case .unknown: nil
        }
    }
}
