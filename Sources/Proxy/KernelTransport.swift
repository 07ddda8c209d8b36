internal import EventLoop
internal import TLS

/// Hands the kernel's reads and writes to TLS connections.
final class KernelTransport: Transport {
    private let kernel: any Kernel
    /// Bytes that the kernel has taken, over all connections; it wraps.
    private(set) var sentCount = 0

    init(kernel: any Kernel) { self.kernel = kernel }

    func receive(_ descriptor: Int32, into bytes: UnsafeMutableRawBufferPointer) -> Int {
        kernel.receive(descriptor, into: bytes)
    }

    func send(_ descriptor: Int32, from bytes: UnsafeRawBufferPointer) -> Int {
        let count = kernel.send(descriptor, from: bytes)
        if count > 0 { sentCount &+= count }
        return count
    }
}
