/// What a kernel returns for `errno` values that are no faults, negated.
enum ErrorNumber {
    /// EAGAIN: nothing is there at the moment, or no room.
    static let wouldBlock = -11
    /// ECONNABORTED: the peer was gone before its connection was accepted.
    static let connectionAborted = -103
}
