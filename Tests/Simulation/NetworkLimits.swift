/// The bounds of the simulated network.
enum NetworkLimits {
    /// Requests to connect that are sent before it is given up, the first after one second and each after twice the
    /// time: 127 seconds in all, as Linux does it.
    static let connectAttemptsMax = 7
    /// Bytes that one delivery brings at most.
    static let deliveryBytesMax = 64 * 1024
    /// A full receive buffer opens again when this much is free, or half of it.
    static let windowBytesMin = 16 * 1024
    /// Bytes of a delivery that a fault made small.
    static let smallSegmentBytesMax = 64
    /// The first port given where none was asked for.
    static let firstPort: UInt16 = 32_768
}
