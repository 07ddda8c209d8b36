/// Where a connection's ciphertext comes from and goes to.
///
/// The owner of the descriptors hands this in, so that TLS makes no system call of its own.
public protocol Transport: AnyObject {
    /// Fills `into` from the descriptor: the number of bytes (at least 1), 0 at the end of the stream, or a
    /// negative error number (`-EAGAIN` when it would block).
    func receive(_ descriptor: Int32, into: UnsafeMutableRawBufferPointer) -> Int

    /// Takes bytes towards the descriptor: the number taken (at least 1), or a negative error number (`-EAGAIN` when
    /// it would block).
    func send(_ descriptor: Int32, from: UnsafeRawBufferPointer) -> Int
}
