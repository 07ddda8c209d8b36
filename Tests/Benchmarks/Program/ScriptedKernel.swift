import EventLoop

/// A kernel in memory, on which the proxy meets the same client, provider and token endpoint every time.
///
/// It does next to nothing itself, so that what is counted is the proxy's: bytes are compared with nothing, time is a number,
/// and whoever has to answer has done so when he has been sent the last byte of a request.
final class ScriptedKernel: Kernel {
    /// Where the provider and the token endpoint are.
    static let upstreamPort: UInt16 = 9001
    static let endpointPort: UInt16 = 9002

    private enum Role {
        case none, listener, client, upstream, endpoint
    }

    private static let listener: Int32 = 3
    private static let client: Int32 = 4
    /// Descriptors that are open at one time, and the lowest that connections to others have.
    private static let descriptors: Range<Int32> = 5..<32
    private static let again = -11

    let script: Script
    /// Answers that the client has had.
    @exclusivity(unchecked) private(set) var answeredCount = 0
    /// Tokens that were given out.
    @exclusivity(unchecked) private(set) var tokenCount = 0
    /// Connections that were made to the provider.
    @exclusivity(unchecked) private(set) var connectCount = 0
    @exclusivity(unchecked) private var now = Instant.seconds(1)
    @exclusivity(unchecked) private var events: [(number: Int32, readiness: Readiness)] = []
    @exclusivity(unchecked) private var roles = [Role](repeating: .none, count: Int(descriptors.upperBound))
    @exclusivity(unchecked) private var tokens = [UInt64](repeating: 0, count: Int(descriptors.upperBound))
    /// What each socket has to receive.
    @exclusivity(unchecked) private var incoming = [[UInt8]](repeating: [], count: Int(descriptors.upperBound))
    @exclusivity(unchecked) private var isAccepted = false
    @exclusivity(unchecked) private var isClientWaiting = true
    @exclusivity(unchecked) private var refusesNext: Bool
    private var entropy: UInt64 = 1

    init(_ script: Script) {
        self.script = script
        refusesNext = script.refusesTokens
    }

    // MARK: time and chance

    func monotonicNow() -> Instant { now }
    func wallNow() -> Duration { .seconds(1_767_225_600) + now.sinceBeginning }

    func fillEntropy(_ bytes: UnsafeMutableRawBufferPointer) {
        for index in bytes.indices {
            entropy = entropy &* 6_364_136_223_846_793_005 &+ 1
            bytes[index] = UInt8(truncatingIfNeeded: entropy >> 56)
        }
    }

    // MARK: events

    func register(_ descriptor: Int32, token: UInt64) {
        tokens[Int(descriptor)] = token
        switch roles[Int(descriptor)] {
        case .listener: events.append((descriptor, .readable))
        case .none, .client, .upstream, .endpoint: events.append((descriptor, .writable))
        }
    }

    func wait(for timeout: Interval?, into buffer: UnsafeMutableBufferPointer<Event>) -> Int {
        now = now + script.timeOfTurn
        if events.isEmpty, script.hasRequests, isAccepted, isClientWaiting, tokenCount > 0 {
            isClientWaiting = false
            give(script.request, to: Self.client)
        }
        if events.isEmpty, let timeout { now = now + timeout }
        let count = events.count
        for index in 0..<count {
            buffer[index] = Event(token: tokens[Int(events[index].number)], readiness: events[index].readiness)
        }
        events.removeAll(keepingCapacity: true)
        return count
    }

    private func give(_ bytes: [UInt8], to descriptor: Int32) {
        incoming[Int(descriptor)] = bytes
        events.append((descriptor, .readable))
    }

    // MARK: sockets

    func listen(on address: SocketAddress, options: ListenOptions) -> Int32 {
        roles[Int(Self.listener)] = .listener
        return Self.listener
    }

    func localAddress(of descriptor: Int32) -> SocketAddress { .loopback(port: 8080) }

    func accept(from listener: Int32) -> Int {
        guard !isAccepted else { return Self.again }
        isAccepted = true
        roles[Int(Self.client)] = .client
        return Int(Self.client)
    }

    func connect(to address: SocketAddress) -> Int32 {
        guard let number = Self.descriptors.first(where: { roles[Int($0)] == .none }) else { fatalError("the proxy makes too many connections") }
        if address.port == Self.upstreamPort { connectCount += 1 }
        roles[Int(number)] = address.port == Self.upstreamPort ? .upstream : .endpoint
        return number
    }

    func connectError(of descriptor: Int32) -> Int32 { 0 }

    func receive(_ descriptor: Int32, into bytes: UnsafeMutableRawBufferPointer) -> Int {
        let count = incoming[Int(descriptor)].count
        guard count > 0 else { return Self.again }
        precondition(count < bytes.count, "what comes fits the buffer with room to spare")
        incoming[Int(descriptor)].withUnsafeBytes { bytes.copyMemory(from: $0) }
        incoming[Int(descriptor)] = []
        return count
    }

    func send(_ descriptor: Int32, from bytes: UnsafeRawBufferPointer) -> Int {
        switch roles[Int(descriptor)] {
        case .client:
            if bytes.last == script.answer.last {
                answeredCount += 1
                isClientWaiting = true
            }
        case .upstream:
            guard bytes.last == script.request.last else { break }
            give(refusesNext ? Script.refusal : script.answer, to: descriptor)
            if script.refusesTokens { refusesNext.toggle() }
        case .endpoint:
            guard bytes.last == UInt8(ascii: "}") else { break }
            tokenCount += 1
            give(Script.tokenAnswer(number: tokenCount, lifetime: script.tokenLifetime), to: descriptor)
        case .none, .listener: fatalError("the proxy sends to no one")
        }
        return bytes.count
    }

    func close(_ descriptor: Int32) {
        roles[Int(descriptor)] = .none
        incoming[Int(descriptor)] = []
        events.removeAll { $0.number == descriptor }
    }

    func shutdownWriting(_ descriptor: Int32) {}
    func resetOnClose(_ descriptor: Int32) {}
    func unconfirmedCount(of descriptor: Int32) -> Int { 0 }
    func isPeerGone(_ descriptor: Int32) -> Bool { false }
    func peerUser(of descriptor: Int32) -> UInt32? { nil }
    func peerAddress(of descriptor: Int32) -> SocketAddress? { .loopback(port: 40_000) }

    // MARK: what no script needs

    func resolve(_ host: String, port: UInt16, token: UInt64) { fatalError("every address is in numbers") }
    func takeResolution(token: UInt64) -> Result<[SocketAddress], ResolutionError>? { nil }
    func run(_ arguments: [String], token: UInt64) { fatalError("no secret is a command") }
    func takeOutput(token: UInt64) -> Result<[UInt8], CommandError>? { nil }
    func waker(token: UInt64) -> any Waker { fatalError("one loop has nobody to wake it") }
    func signalDescriptor(for signals: [Int32]) -> Int32 { fatalError("nobody sends signals") }
    func receiveSignal(_ descriptor: Int32) -> Int32? { nil }
}
