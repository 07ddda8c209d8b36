internal import CLinux
internal import Glibc

/// The real kernel: epoll, edge-triggered, registered once for both directions; sockets through Glibc.
public final class LinuxKernel: Kernel {
    private let poller: Int32
    private let names: Workers<Resolver.Question, Resolver.Answer>
    private let commands: Workers<[String], Result<[UInt8], CommandError>>
    private let began: Int64
    private let systemEvents: UnsafeMutableBufferPointer<epoll_event>
    /// Look-ups and commands that have ended, which is to be announced, in their order.
    @exclusivity(unchecked) private var unannounced: [(token: UInt64, ending: Ending)] = []
    /// Those that the last `wait` announced.
    @exclusivity(unchecked) private var endings: [UInt64: Ending] = [:]

    private enum Ending {
        case name(Resolver.Answer)
        case command(Result<[UInt8], CommandError>)

        var readiness: Readiness {
            switch self {
            case .name: .resolved
            case .command: .finished
            }
        }
    }

    /// Of the workers' eventfds; no handler of a loop has them.
    private static let namesToken = UInt64.max
    private static let commandsToken = UInt64.max - 1

    /// A kernel for one thread; `clock`: it has the same time as this one. Fails when the process has no descriptor left.
    public init(clock: LinuxKernel? = nil) throws(SystemError) {
        signal(SIGPIPE, SIG_IGN)
        names = try Workers(
            threadsMax: Limits.resolverThreadsMax, queueMax: Limits.resolverQueueMax, work: Resolver.lookUp, refusal: Resolver.refusal)
        commands = try Workers(
            threadsMax: Limits.commandThreadsMax, queueMax: Limits.commandQueueMax, work: { Command.run($0) }, refusal: Command.refusal)
        poller = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard poller >= 0 else { throw SystemError(call: "epoll_create1", errno: errno, subject: "the event loop") }
        systemEvents = .allocate(capacity: Limits.eventsPerTurn)
        began = clock?.began ?? linux_clock_nanoseconds(CLOCK_BOOTTIME)
        try watch(names.eventDescriptor, for: EPOLLIN.rawValue, token: Self.namesToken)
        try watch(commands.eventDescriptor, for: EPOLLIN.rawValue, token: Self.commandsToken)
    }

    deinit {
        Glibc.close(poller)
        systemEvents.deallocate()
    }

    public func monotonicNow() -> Instant { Instant(nanoseconds: linux_clock_nanoseconds(CLOCK_BOOTTIME) - began) }

    public func wallNow() -> Duration {
        // Far cheaper than to add seconds and nanoseconds, each made by a generic function.
        Duration(attoseconds: Int128(linux_clock_nanoseconds(CLOCK_REALTIME)) * 1_000_000_000)
    }

    public func fillEntropy(_ bytes: UnsafeMutableRawBufferPointer) {
        var filled = 0
        while filled < bytes.count {
            let count = getrandom(bytes.baseAddress! + filled, bytes.count - filled, 0)
            precondition(count > 0 || errno == EINTR, "the kernel gives no entropy")
            if count > 0 { filled += count }
        }
    }

}

// MARK: readiness, names and commands

extension LinuxKernel {
    public func register(_ descriptor: Int32, token: UInt64) throws(SystemError) {
        try watch(descriptor, for: EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue, token: token)
    }

    public func waker(token: UInt64) throws(SystemError) -> any Waker {
        let waker = try EventWaker()
        try watch(waker.descriptor, for: EPOLLIN.rawValue, token: token)
        return waker
    }

    private func watch(_ descriptor: Int32, for interest: UInt32, token: UInt64) throws(SystemError) {
        var event = epoll_event(events: interest | EPOLLET.rawValue, data: epoll_data(u64: token))
        guard epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event) == 0 else {
            throw SystemError(call: "epoll_ctl", errno: errno, subject: "descriptor \(descriptor)")
        }
    }

    public func wait(for timeout: Interval?, into events: UnsafeMutableBufferPointer<Event>) -> Int {
        if !endings.isEmpty { endings.removeAll(keepingCapacity: true) }
        let capacity = min(events.count, systemEvents.count)
        // Neither sockets nor names keep the other waiting for ever.
        let announcing = min(unannounced.count, capacity / 2)
        var milliseconds: Int32 = -1
        if !unannounced.isEmpty { milliseconds = 0 } else if let timeout { milliseconds = Self.milliseconds(timeout) }
        let count = epoll_wait(poller, systemEvents.baseAddress!, Int32(capacity - announcing), milliseconds)
        precondition(count >= 0 || errno == EINTR, "epoll_wait: \(SystemError.text(for: errno))")
        var written = 0
        for index in 0..<max(0, Int(count)) {
            let event = systemEvents[index]
            switch event.data.u64 {
            case Self.namesToken: unannounced += names.takeAnswers().map { ($0.token, .name($0.answer)) }
            case Self.commandsToken: unannounced += commands.takeAnswers().map { ($0.token, .command($0.answer)) }
            default:
                events[written] = Event(token: event.data.u64, readiness: Self.readiness(event.events))
                written += 1
            }
        }
        return unannounced.isEmpty ? written : written + announce(into: events, from: written, to: capacity)
    }

    private func announce(into events: UnsafeMutableBufferPointer<Event>, from start: Int, to end: Int) -> Int {
        let count = min(unannounced.count, end - start)
        for (index, entry) in unannounced.prefix(count).enumerated() {
            events[start + index] = Event(token: entry.token, readiness: entry.ending.readiness)
            endings[entry.token] = entry.ending
        }
        unannounced.removeFirst(count)
        return count
    }

    public func resolve(_ host: String, port: UInt16, token: UInt64) {
        names.ask(Resolver.Question(host: host, port: port), token: token)
    }

    public func takeResolution(token: UInt64) -> Result<[SocketAddress], ResolutionError>? {
        guard case .name(let answer) = endings[token] else { return nil }
        endings[token] = nil
        return answer
    }

    public func run(_ arguments: [String], token: UInt64) { commands.ask(arguments, token: token) }

    public func takeOutput(token: UInt64) -> Result<[UInt8], CommandError>? {
        guard case .command(let output) = endings[token] else { return nil }
        endings[token] = nil
        return output
    }

    /// Rounded up, so that a turn never comes before the timer it waits for.
    private static func milliseconds(_ timeout: Interval) -> Int32 {
        Int32(clamping: (timeout.nanoseconds + 999_999) / 1_000_000)
    }

    private static func readiness(_ events: UInt32) -> Readiness {
        var readiness: Readiness = []
        if events & EPOLLIN.rawValue != 0 { readiness.insert(.readable) }
        if events & EPOLLOUT.rawValue != 0 { readiness.insert(.writable) }
        if events & (EPOLLRDHUP.rawValue | EPOLLHUP.rawValue) != 0 { readiness.insert([.readable, .peerClosed]) }
        if events & EPOLLERR.rawValue != 0 { readiness.insert([.readable, .failed]) }
        return readiness
    }
}

// MARK: sockets

extension LinuxKernel {
    public func listen(on address: SocketAddress, options: ListenOptions) throws(SystemError) -> Int32 {
        let descriptor = try socket(for: address)
        do throws(SystemError) {
            try bind(descriptor, to: address, options: options)
            guard Glibc.listen(descriptor, options.backlog) == 0 else { throw failure("listen", address) }
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    public func localAddress(of descriptor: Int32) throws(SystemError) -> SocketAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let address = withUnsafeMutablePointer(to: &storage) { form -> SocketAddress? in
            guard linux_socket_name(descriptor, form, &length) == 0 else { return nil }
            return SocketAddress(systemForm: form)
        }
        guard let address else {
            throw SystemError(call: "getsockname", errno: errno, subject: "descriptor \(descriptor)")
        }
        return address
    }

    public func accept(from listener: Int32) -> Int {
        let descriptor = linux_accept(listener)
        return descriptor >= 0 ? Int(descriptor) : Int(-errno)
    }

    public func connect(to address: SocketAddress) throws(SystemError) -> Int32 {
        let descriptor = try socket(for: address)
        sendAtOnce(descriptor)
        let code = address.withSystemForm { linux_connect(descriptor, $0, $1) }
        guard code == 0 || errno == EINPROGRESS else {
            let error = failure("connect", address)
            close(descriptor)
            throw error
        }
        return descriptor
    }

    public func connectError(of descriptor: Int32) -> Int32 {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0 else { return errno }
        return code
    }

    public func receive(_ descriptor: Int32, into bytes: UnsafeMutableRawBufferPointer) -> Int {
        precondition(!bytes.isEmpty, "received into no room: 0 would look like the end of the stream")
        while true {
            let count = recv(descriptor, bytes.baseAddress, bytes.count, 0)
            if count >= 0 { return count }
            if errno != EINTR { return Int(-errno) }
        }
    }

    public func send(_ descriptor: Int32, from bytes: UnsafeRawBufferPointer) -> Int {
        while true {
            let count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            if count >= 0 { return count }
            if errno != EINTR { return Int(-errno) }
        }
    }

    public func shutdownWriting(_ descriptor: Int32) { shutdown(descriptor, Int32(SHUT_WR)) }

    public func resetOnClose(_ descriptor: Int32) {
        var atOnce = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &atOnce, socklen_t(MemoryLayout<linger>.size))
    }

    public func unconfirmedCount(of descriptor: Int32) -> Int { max(0, Int(linux_unconfirmed_count(descriptor))) }

    public func isPeerGone(_ descriptor: Int32) -> Bool { PeerSocket.isGone(behind: descriptor) }

    public func peerUser(of descriptor: Int32) -> UInt32? { PeerSocket.user(behind: descriptor) }

    public func peerAddress(of descriptor: Int32) -> SocketAddress? { PeerSocket.address(behind: descriptor) }

    public func close(_ descriptor: Int32) {
        let code = Glibc.close(descriptor)
        precondition(code == 0 || errno != EBADF, "closed a descriptor that is not open")
    }

    private func socket(for address: SocketAddress) throws(SystemError) -> Int32 {
        if case .unix(let path) = address { try check(path: path) }
        let kind = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
        let descriptor = Glibc.socket(address.family, Int32(kind), 0)
        guard descriptor >= 0 else { throw failure("socket", address) }
        return descriptor
    }

    /// An empty path, a NUL or the 108th byte would silently name another socket.
    private func check(path: String) throws(SystemError) {
        let isTooLong = path.utf8.count > SocketAddress.unixPathBytesMax
        guard !isTooLong, !path.isEmpty, !path.utf8.contains(0) else {
            throw SystemError(call: "socket", errno: isTooLong ? ENAMETOOLONG : EINVAL, subject: "unix:\(path)")
        }
    }

    /// A request is written whole: to wait for more before a packet is sent gains nothing. What a listener accepts inherits it.
    /// Unix sockets have no such option.
    private func sendAtOnce(_ descriptor: Int32) {
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    private func failure(_ call: String, _ address: SocketAddress) -> SystemError {
        SystemError(call: call, errno: errno, subject: address.description)
    }
}

// MARK: binding

extension LinuxKernel {
    private func bind(_ descriptor: Int32, to address: SocketAddress, options: ListenOptions) throws(SystemError) {
        switch address {
        case .ipv4:
            try bindInternet(descriptor, to: address, options)
        case .ipv6:
            // The IPv4 side has a listener of its own.
            setOption(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY)
            try bindInternet(descriptor, to: address, options)
        case .unix(let path):
            try removeStale(path)
            try UnixSocketFile.bind(descriptor, to: path, options)
        }
    }

    private func removeStale(_ path: String) throws(SystemError) {
        let probe = try socket(for: .unix(path))
        defer { close(probe) }
        try UnixSocketFile.removeStale(path, probe: probe)
    }

    private func bindInternet(
        _ descriptor: Int32, to address: SocketAddress, _ options: ListenOptions
    ) throws(SystemError) {
        setOption(descriptor, SOL_SOCKET, SO_REUSEADDR)
        sendAtOnce(descriptor)
        if options.awaitsBytes { setOption(descriptor, Int32(IPPROTO_TCP), TCP_DEFER_ACCEPT, to: Limits.silenceSeconds) }
        if case .more = options.sharing { setOption(descriptor, SOL_SOCKET, SO_REUSEPORT) }
        guard address.withSystemForm({ linux_bind(descriptor, $0, $1) }) == 0 else { throw failure("bind", address) }
        // Only behind the bind, which so fails where another program listens, even if that shares its address. Those that follow
        // may share it, since the kernel looks at what both sockets say at that time.
        if case .first = options.sharing { setOption(descriptor, SOL_SOCKET, SO_REUSEPORT) }
    }

    private func setOption(_ descriptor: Int32, _ level: Int32, _ option: Int32, to value: Int32 = 1) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}

// MARK: signals

extension LinuxKernel {
    public func signalDescriptor(for signals: [Int32]) throws(SystemError) -> Int32 {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        let descriptor = signalfd(-1, &set, Int32(SFD_NONBLOCK | SFD_CLOEXEC))
        guard descriptor >= 0 else { throw SystemError(call: "signalfd", errno: errno, subject: "signals \(signals)") }
        return descriptor
    }

    public func receiveSignal(_ descriptor: Int32) -> Int32? {
        var info = signalfd_siginfo()
        let count = Glibc.read(descriptor, &info, MemoryLayout<signalfd_siginfo>.size)
        return count == MemoryLayout<signalfd_siginfo>.size ? Int32(bitPattern: info.ssi_signo) : nil
    }
}
