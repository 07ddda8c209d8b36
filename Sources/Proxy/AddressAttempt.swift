internal import EventLoop

/// A socket that connects to one address of several.
final class AddressAttempt {
    let address: SocketAddress
    /// Among the candidates.
    let place: Int
    /// The descriptor's.
    let number: Int32
    /// What events have said of it.
    var readiness: Readiness = []
    private var descriptor: Descriptor?

    init(to address: SocketAddress, place: Int, _ descriptor: consuming Descriptor) {
        self.address = address
        self.place = place
        number = descriptor.number
        self.descriptor = consume descriptor
    }

    /// The connected socket, once. It is closed with the attempt where nobody takes it.
    func takeDescriptor() -> Descriptor {
        guard let descriptor = descriptor.take() else { preconditionFailure("an attempt is won once") }
        return descriptor
    }
}
