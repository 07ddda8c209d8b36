internal import EventLoop
internal import TLS

/// Lets TLS send and receive through the loop's kernel.
final class KernelTransport: Transport {
    private let kernel: any Kernel

    init(_ kernel: any Kernel) { self.kernel = kernel }

    func receive(_ descriptor: Int32, into bytes: UnsafeMutableRawBufferPointer) -> Int {
        kernel.receive(descriptor, into: bytes)
    }

    func send(_ descriptor: Int32, from bytes: UnsafeRawBufferPointer) -> Int { kernel.send(descriptor, from: bytes) }
}
