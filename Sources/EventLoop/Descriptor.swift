/// The one owner of an open descriptor: it is closed when this goes, and never twice.
///
/// To give it away is to move it; whoever only uses it borrows `number`.
public struct Descriptor: ~Copyable {
    public let number: Int32
    private let kernel: any Kernel

    /// Takes over a descriptor that `kernel` gave out.
    public init(_ number: Int32, of kernel: any Kernel) {
        precondition(number >= 0, "no descriptor has a negative number")
        self.number = number
        self.kernel = kernel
    }

    deinit { kernel.close(number) }
}
