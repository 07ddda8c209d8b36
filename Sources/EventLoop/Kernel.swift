/// Every system call by which the proxy touches the world: sockets, clock, entropy, readiness, names, programs, signals.
///
/// This is the one seam. `LinuxKernel` is the real one; the tests put a simulated one in its place, with a virtual
/// clock and a network of its own, and run the same proxy on it. So nothing above this protocol calls Glibc for any of these.
///
/// Calls that happen once a connection throw `SystemError`; those that happen once a request return a count, or
/// `-errno`, because an error there (`EAGAIN`) is the usual case and no fault.
///
/// A kernel serves one thread: no call but the inner work of look-ups and commands, and a waker's, may come from another.
public protocol Kernel: AnyObject {
    /// Time since the kernel object began. It never goes back, and counts the time that the machine was suspended.
    func monotonicNow() -> Instant

    /// Time since 1970-01-01 00:00 UTC, for what others wrote as a date. It may jump.
    func wallNow() -> Duration

    /// Fills `bytes` with unpredictable ones.
    func fillEntropy(_ bytes: UnsafeMutableRawBufferPointer)

    /// A listening, non-blocking socket.
    func listen(on address: SocketAddress, options: ListenOptions) throws(SystemError) -> Int32

    /// The address that a socket is bound to: tells the port where 0 was asked for.
    func localAddress(of descriptor: Int32) throws(SystemError) -> SocketAddress

    /// The next connection of a listener, non-blocking: a descriptor, or `-errno` (`-EAGAIN`: none is waiting).
    func accept(from listener: Int32) -> Int

    /// Begins to connect. Done when the descriptor turns writable; then `connectError` tells how it went.
    func connect(to address: SocketAddress) throws(SystemError) -> Int32

    /// 0 when connected, else the `errno` for which connecting failed.
    func connectError(of descriptor: Int32) -> Int32

    /// Receives at most `bytes.count` bytes, which is not 0: how many; 0 when the peer has finished sending; or `-errno`.
    func receive(_ descriptor: Int32, into bytes: UnsafeMutableRawBufferPointer) -> Int

    /// Sends as much of `bytes` as the socket takes: how many, or `-errno`. Never raises SIGPIPE.
    func send(_ descriptor: Int32, from bytes: UnsafeRawBufferPointer) -> Int

    /// Tells the peer that nothing more will be sent, and leaves the other direction open.
    func shutdownWriting(_ descriptor: Int32)

    /// Makes the coming `close` of a connection a reset, which no peer takes for the orderly end of a message.
    func resetOnClose(_ descriptor: Int32)

    /// Bytes that were sent, and that the peer's machine has not confirmed: a reset would take them back. 0 where that
    /// cannot be known.
    func unconfirmedCount(of descriptor: Int32) -> Int

    /// Whether the peer of a connection has closed it altogether, where it may only have finished sending: both look the
    /// same to a receive. False where that cannot be known: of a peer on another machine.
    func isPeerGone(_ descriptor: Int32) -> Bool

    /// The user at the other end of a connection within this machine: who connected a Unix socket, or made a TCP socket. Nil
    /// where that cannot be known: of a peer on another machine, or one that has closed its TCP socket already.
    func peerUser(of descriptor: Int32) -> UInt32?

    /// The address at the other end of a TCP connection, an IPv4 one always as such; nil where there is none any more, and of a
    /// Unix socket.
    func peerAddress(of descriptor: Int32) -> SocketAddress?

    /// Closes a descriptor that this kernel gave out. A descriptor that is not open is a broken invariant.
    func close(_ descriptor: Int32)

    /// Watches a descriptor until it is closed, both directions, edge-triggered. Once a descriptor.
    func register(_ descriptor: Int32, token: UInt64) throws(SystemError)

    /// Waits until something happened, at most for `timeout` (nil: for ever), and writes what did. Returns how many events.
    func wait(for timeout: Interval?, into events: UnsafeMutableBufferPointer<Event>) -> Int

    /// Looks a name up without blocking; the answer is announced by an event with this token and `.resolved`.
    func resolve(_ host: String, port: UInt16, token: UInt64)

    /// The answer that the last `wait` announced, once: the next `wait` forgets what was not taken, so an answer that
    /// nobody wants any more costs nothing. The addresses are in the order in which to try them.
    func takeResolution(token: UInt64) -> Result<[SocketAddress], ResolutionError>?

    /// Runs a program without blocking, as `Command.run` does; its end is announced by an event with this token and `.finished`.
    func run(_ arguments: [String], token: UInt64)

    /// The output of the command whose end the last `wait` announced, once.
    func takeOutput(token: UInt64) -> Result<[UInt8], CommandError>?

    /// What wakes this kernel's `wait` from other threads: an event with this token and `.readable` follows.
    func waker(token: UInt64) throws(SystemError) -> any Waker

    /// A descriptor that becomes readable when one of `signals` arrives; they no longer have their usual effect, even
    /// where the process was started with them ignored. To be called before other threads start, but for `startThread`'s.
    func signalDescriptor(for signals: [Int32]) throws(SystemError) -> Int32

    /// The next signal that arrived, if any.
    func receiveSignal(_ descriptor: Int32) -> Int32?
}
