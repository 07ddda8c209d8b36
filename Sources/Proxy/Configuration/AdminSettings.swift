/// Where the proxy tells about itself.
public struct AdminSettings: Sendable, Equatable {
    /// Loopback or a Unix socket.
    public let listen: ListenAddress
    let place: Place

    /// What is wrong with such an address, and what to write.
    public struct AddressError: Error, CustomStringConvertible {
        public let description: String
    }

    /// An address as `admin.listen` has it.
    public static func address(_ text: String) throws(AddressError) -> ListenAddress {
        do throws(Malformed) {
            return try Decoding.adminAddress(text)
        } catch {
            throw AddressError(description: error.reason)
        }
    }
}
