internal import EventLoop
internal import TLS

/// Hands the kernel's reads and writes to TLS connections.
final class KernelTransport: Transport {
    private let kernel: any Kernel

    init(kernel: any Kernel) { self.kernel = kernel }

    func receive(_ descriptor: Int32, into bytes: UnsafeMutableRawBufferPointer) -> Int {
        kernel.receive(descriptor, into: bytes)
    }

    func send(_ descriptor: Int32, from bytes: UnsafeRawBufferPointer) -> Int {
        kernel.send(descriptor, from: bytes)
    }
}
