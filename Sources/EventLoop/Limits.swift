/// The bounds of the event loop.
public enum Limits {
    /// Events taken from the kernel in one turn. More wait for the next turn, so that timers are never starved.
    public static let eventsPerTurn = 512
    /// Bytes of a buffer. Four TLS records of 16 KiB: a large body moves in few system calls, and a head of
    /// 64 KiB fits. Only the pages that are touched cost memory.
    public static let bufferBytes = 64 * 1024
    /// Idle buffers that a pool keeps for the next user; what comes back beyond that is freed.
    public static let idleBuffersMax = 256
    /// Handlers of one loop: they are told apart by eight bits of the event token.
    public static let handlersMax = 255
    /// Seconds after which a connection on which nothing has come is accepted all the same, where its first bytes are awaited: it
    /// counts among the others, and has its deadlines, from then on. The kernel sees to it when it repeats its part of the handshake.
    public static let silenceSeconds: Int32 = 1
    /// The resolution of timers. A deadline may be missed by this much, and no timeout here is that short.
    /// A power of two in nanoseconds, some 17 ms, so that a time is turned into ticks without a division.
    public static let timerTick = Interval(nanoseconds: 1 << timerTickShift)
    static let timerTickShift: Int64 = 24
    /// Slots of the timer wheel, a power of two: 17 s around. Later deadlines are looked at again each time around.
    public static let timerSlots = 1024
    /// Nanoseconds of the longest span that is reckoned with, some 73 years: longer ones are as good as this.
    static let intervalMax = Int64.max / 4
    /// Threads that look names up. Each is blocked by one slow name at most.
    public static let resolverThreadsMax = 4
    /// Names that wait for a free resolver thread; beyond that a look-up fails at once.
    public static let resolverQueueMax = 64
    /// Commands that run at one time, each on a thread that waits for it.
    public static let commandThreadsMax = 4
    /// Commands that wait for one of these threads; beyond that one fails at once.
    public static let commandQueueMax = 64
    /// Bytes of a command's output: a secret has at most so many.
    public static let commandOutputBytesMax = 64 * 1024
    /// How long a command may run. It asks a keyring or a vault; a person who started the proxy still waits.
    public static let commandTimeout = Duration.seconds(10)
    /// Bytes of what the system knows of one user or group, all its members' names included. More is no answer.
    static let accountBytesMax = 1 << 24
    /// Groups that one user may be in: Linux gives a process no more.
    static let groupsMax = 65_536
    /// Sockets that systemd passes on; a unit hardly has ten.
    static let passedSocketsMax: Int32 = 256
    /// Links that are followed in one path: Linux follows no more.
    static let pathLinksMax = 40
    /// How often an ended output is followed by a look whether its program has ended too, which it commonly has.
    static let commandEndInterval = Duration.milliseconds(2)
}
