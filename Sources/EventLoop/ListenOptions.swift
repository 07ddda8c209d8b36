/// How a listening socket is made.
public struct ListenOptions: Sendable {
    /// Connections that may wait to be accepted; the kernel caps it at `net.core.somaxconn`.
    public var backlog: Int32
    /// Permission bits of a Unix socket's file, in force from its first moment.
    public var mode: UInt32
    /// The group that a Unix socket's file is given, by name or number; nil leaves it.
    public var group: String?

    /// How several listeners of this process share one TCP address, each with the connections that the kernel gives it.
    public enum Sharing: Sendable {
        /// One listener alone.
        case none
        /// The first of several. It takes no address that any program listens on already.
        case first
        /// One more, where the first listens.
        case more
    }

    /// Of no use to Unix sockets.
    public var sharing: Sharing
    /// A connection is to be accepted when its first bytes have come, or its end, and else `Limits.silenceSeconds` after it was
    /// made: whoever accepts it can go on at once. The kernel may hold to that or not; with Unix sockets it does not.
    public var awaitsBytes: Bool

    /// A backlog of 1,024, and for Unix sockets a file that only its owner may open.
    public init(
        backlog: Int32 = 1024, mode: UInt32 = 0o600, group: String? = nil, sharing: Sharing = .none, awaitsBytes: Bool = false
    ) {
        self.backlog = backlog
        self.mode = mode
        self.group = group
        self.sharing = sharing
        self.awaitsBytes = awaitsBytes
    }
}
