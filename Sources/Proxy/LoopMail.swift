/// What one loop wants of another.
enum LoopMail: Sendable {
    /// A credential's machine has changed: there is a token, or none to wait for.
    case credentialChanged(Int)
    /// A client's connection, now the receiver's, which came in by the listener at this position.
    case connection(Int32, listener: Int)
    /// Requests wait for a place among the connections of this destination.
    case placeWanted(destination: Int)
    /// There may be such a place.
    case placeFree(destination: Int)
    /// A new client has no place: one that only waits for a next request may have to give its own.
    case clientPlaceWanted
    /// Descriptors are wanted more than connections that rest in a pool.
    case descriptorsWanted
    /// The first loop wants to know how the receiver is.
    case reportWanted
    /// The loop at this position has left its report.
    case reportMade(Int)
    /// There is another configuration.
    case reload
    /// The last loop has taken it over.
    case reloadDone
    case drain
    case cutOff
    /// All loops have drained.
    case stop
}
