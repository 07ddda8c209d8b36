/// How the simulated weather is: each fault has a probability, 0…1, and none by default.
public struct Faults: Sendable, Equatable {
    /// A receive returns a part of what is there; the rest is announced as if it had come just after.
    public var shortReceive = 0.0
    /// A send takes a part, although there would be room; a writable edge follows.
    public var shortSend = 0.0
    /// A delivery brings a few bytes, and the rest comes later.
    public var smallSegment = 0.0
    /// A delivery brings what one send gave, and what was sent behind it comes in a packet of its own.
    public var separateSends = 0.0
    /// What is on its way arrives within the turn, right behind the receive that has just emptied the socket.
    public var arrivesMeanwhile = 0.0
    /// A delivery takes up to `slowDeliveryMax` longer.
    public var slowDelivery = 0.0
    public var slowDeliveryMax = Duration.milliseconds(500)
    /// The connection is reset instead of a delivery, for both ends.
    public var reset = 0.0
    /// Nobody seems to listen: ECONNREFUSED.
    public var connectRefused = 0.0
    /// No answer ever comes: ETIMEDOUT after more than two minutes.
    public var connectBlackHoled = 0.0
    /// A connection takes up to `slowConnectMax` longer to come to be, as where its first packet is lost.
    public var connectSlow = 0.0
    public var slowConnectMax = Duration.seconds(4)
    /// No descriptor is left for a connect: EMFILE.
    public var connectExhausted = 0.0
    /// No descriptor is left for an accept: EMFILE. The connection stays in the queue, and no new edge tells of it.
    public var acceptExhausted = 0.0
    /// The client is gone before it was accepted: ECONNABORTED.
    public var acceptAborted = 0.0
    /// A look-up fails.
    public var nameFailed = 0.0
    /// A look-up takes up to `slowNameMax` longer.
    public var nameSlow = 0.0
    public var slowNameMax = Duration.seconds(8)
    /// The events of one wait come in another order.
    public var eventsShuffled = 0.0

    public init() {}

    public static let none = Faults()

    /// Everything that a correct program does not notice: parts, delays, order. No call fails.
    public static var rough: Faults {
        var faults = Faults()
        faults.shortReceive = 0.3
        faults.shortSend = 0.3
        faults.smallSegment = 0.3
        faults.separateSends = 0.3
        faults.arrivesMeanwhile = 0.3
        faults.slowDelivery = 0.05
        faults.slowDeliveryMax = .milliseconds(50)
        faults.eventsShuffled = 0.5
        return faults
    }

    /// Faults of every kind, with each one altogether off in half of the draws: what is rare in a mix is found where it is alone.
    public static func random(from seed: inout Seed) -> Faults {
        func level(_ most: Double) -> Double { seed.chance(0.5) ? 0 : most * Double(seed.integer(in: 1...100)) / 100 }
        var faults = Faults()
        faults.shortReceive = level(0.8)
        faults.shortSend = level(0.8)
        faults.smallSegment = level(0.8)
        faults.slowDelivery = level(0.1)
        faults.reset = level(0.02)
        faults.connectRefused = level(0.2)
        faults.connectBlackHoled = level(0.05)
        faults.connectExhausted = level(0.05)
        faults.acceptExhausted = level(0.05)
        faults.acceptAborted = level(0.05)
        faults.nameFailed = level(0.2)
        faults.nameSlow = level(0.1)
        faults.eventsShuffled = level(1)
        faults.connectSlow = level(0.5)
        faults.separateSends = level(0.8)
        faults.arrivesMeanwhile = level(0.8)
        return faults
    }
}
