import EventLoop
import Glibc

/// The real kernel, but for what a test bends: addresses that cannot be reached, a clock that is ahead, clients that
/// take nothing.
final class BentKernel: Kernel {
    private let real: LinuxKernel
    /// What `connect` fails with, at once.
    var connectErrno: Int32?
    /// What `accept` fails with.
    var acceptErrno: Int32?
    private(set) var acceptCount = 0
    /// So many bytes have not reached those to whom they were sent; nil: as the real kernel says.
    var unconfirmed: Int?
    /// What sending to a client fails with, and having its connection watched.
    var clientSendErrno: Int32?
    var clientRegisterErrno: Int32?
    /// Called when an upstream connection has brought bytes, before anybody has looked at them.
    var upstreamReceived: (() -> Void)?
    /// What every name has for addresses.
    var addresses: [SocketAddress]?
    /// How far the clock is ahead.
    var skew = Duration.zero
    /// From when on the clock goes slowly, and how many seconds it takes for one.
    private var slowness: (since: Instant, factor: Int)?
    /// Nothing that is sent to a client is taken.
    var isClientStalled = false
    /// The fewest bytes that make an upstream connection readable.
    var upstreamReadableBytesMin: Int32?
    /// Who the clients are; nil: as the real kernel says.
    var clientUser: (() -> UInt32?)?
    /// Where the clients are; nil: as the real kernel says.
    var clientAddress: SocketAddress?
    private(set) var userQuestionCount = 0
    /// What clients were sent, in bytes, by each call.
    var clientSends: [Int] = []
    private(set) var connectCount = 0
    /// The most connections that were open at one time.
    private(set) var openCountMost = 0
    private var clients: Set<Int32> = []
    private var upstreams: Set<Int32> = []

    init() throws { real = try LinuxKernel() }

    func monotonicNow() -> Instant {
        let now = real.monotonicNow()
        guard let (since, factor) = slowness else { return now + Interval(skew) }
        return since + Interval(nanoseconds: (now - since).nanoseconds / Int64(factor)) + Interval(skew)
    }

    func wallNow() -> Duration { real.wallNow() + skew }
    func fillEntropy(_ bytes: UnsafeMutableRawBufferPointer) { real.fillEntropy(bytes) }

    /// The clock goes slowly from now on: for what a slow machine does, or a build with a sanitizer, and that takes no time to
    /// speak of.
    func slowDown(by factor: Int) { slowness = (real.monotonicNow(), factor) }

    func listen(on address: SocketAddress, options: ListenOptions) throws(SystemError) -> Int32 {
        try real.listen(on: address, options: options)
    }

    func localAddress(of descriptor: Int32) throws(SystemError) -> SocketAddress { try real.localAddress(of: descriptor) }

    func accept(from listener: Int32) -> Int {
        acceptCount += 1
        if let acceptErrno { return Int(-acceptErrno) }
        let result = real.accept(from: listener)
        if result >= 0 {
            clients.insert(Int32(result))
            noteOpen()
        }
        return result
    }

    func connect(to address: SocketAddress) throws(SystemError) -> Int32 {
        connectCount += 1
        if let connectErrno { throw SystemError(call: "connect", errno: connectErrno, subject: address.description) }
        let descriptor = try real.connect(to: address)
        upstreams.insert(descriptor)
        noteOpen()
        if var count = upstreamReadableBytesMin {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVLOWAT, &count, socklen_t(MemoryLayout<Int32>.size))
        }
        return descriptor
    }

    func connectError(of descriptor: Int32) -> Int32 { real.connectError(of: descriptor) }

    func receive(_ descriptor: Int32, into bytes: UnsafeMutableRawBufferPointer) -> Int {
        let count = real.receive(descriptor, into: bytes)
        if count > 0, upstreams.contains(descriptor) { upstreamReceived?() }
        return count
    }

    func send(_ descriptor: Int32, from bytes: UnsafeRawBufferPointer) -> Int {
        if isClientStalled, clients.contains(descriptor) { return Int(-EAGAIN) }
        if let clientSendErrno, clients.contains(descriptor) { return Int(-clientSendErrno) }
        let count = real.send(descriptor, from: bytes)
        if clients.contains(descriptor) { clientSends.append(count) }
        return count
    }

    func shutdownWriting(_ descriptor: Int32) { real.shutdownWriting(descriptor) }
    func resetOnClose(_ descriptor: Int32) { real.resetOnClose(descriptor) }

    func unconfirmedCount(of descriptor: Int32) -> Int { unconfirmed ?? real.unconfirmedCount(of: descriptor) }

    func isPeerGone(_ descriptor: Int32) -> Bool { real.isPeerGone(descriptor) }

    func peerUser(of descriptor: Int32) -> UInt32? {
        userQuestionCount += 1
        if let clientUser { return clientUser() }
        return real.peerUser(of: descriptor)
    }

    func peerAddress(of descriptor: Int32) -> SocketAddress? { clientAddress ?? real.peerAddress(of: descriptor) }

    private func noteOpen() { openCountMost = max(openCountMost, clients.count + upstreams.count) }

    func close(_ descriptor: Int32) {
        clients.remove(descriptor)
        upstreams.remove(descriptor)
        real.close(descriptor)
    }

    func register(_ descriptor: Int32, token: UInt64) throws(SystemError) {
        if let clientRegisterErrno, clients.contains(descriptor) { throw SystemError(call: "epoll_ctl", errno: clientRegisterErrno, subject: "a client") }
        try real.register(descriptor, token: token)
    }

    func wait(for timeout: Interval?, into events: UnsafeMutableBufferPointer<Event>) -> Int {
        real.wait(for: timeout, into: events)
    }

    func resolve(_ host: String, port: UInt16, token: UInt64) {
        real.resolve(addresses == nil ? host : "127.0.0.1", port: port, token: token)
    }

    func takeResolution(token: UInt64) -> Result<[SocketAddress], ResolutionError>? {
        let answer = real.takeResolution(token: token)
        return answer.map { answer in addresses.map { .success($0) } ?? answer }
    }

    func waker(token: UInt64) throws(SystemError) -> any Waker { try real.waker(token: token) }

    func run(_ arguments: [String], token: UInt64) { real.run(arguments, token: token) }
    func takeOutput(token: UInt64) -> Result<[UInt8], CommandError>? { real.takeOutput(token: token) }

    func signalDescriptor(for signals: [Int32]) throws(SystemError) -> Int32 { try real.signalDescriptor(for: signals) }
    func receiveSignal(_ descriptor: Int32) -> Int32? { real.receiveSignal(descriptor) }
}
