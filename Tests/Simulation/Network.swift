public import EventLoop
internal import Glibc

/// A simulated network in which all sockets of a `SimulatedKernel` live: every address is reachable, and where nobody
/// listens a connect is refused.
///
/// Bytes wait in the sender's buffer, cross with a delay, and wait in the receiver's; both are bounded, so a reader
/// that stops stops its sender. Edges, errors, half closes and resets come as Linux gives them.
public final class Network {
    /// How long a delivery takes, one way.
    public var latency: ClosedRange<Duration> = .microseconds(50)...(.microseconds(500))
    /// Socket buffers of new connections, each drawn from the range.
    public var sendBufferBytes = 64 * 1024...200 * 1024
    public var receiveBufferBytes = 64 * 1024...200 * 1024
    /// The weather where no other is set.
    public var faults = Faults.none
    /// The weather of connections to one address.
    public var faultsByService: [SocketAddress: Faults] = [:]
    /// What a delivery to or from an address takes longer.
    public var delays: [SocketAddress: Duration] = [:]
    /// Addresses from which no answer comes, not even a refusal.
    public var blackHoles: Set<SocketAddress> = []
    /// Lines of what happened, when `isTracing`.
    public internal(set) var trace: [String] = []
    public var isTracing = false

    struct Name {
        let addresses: [SocketAddress]
        let delay: Duration
    }

    struct Command {
        let output: Result<[UInt8], CommandError>
        let delay: Duration
    }

    var names: [String: Name] = [:]
    var commands: [[String]: Command] = [:]
    var now = Duration.zero
    var agenda = Agenda()
    var seed: Seed
    /// Several of one address share its connections.
    var listeners: [SocketAddress: [Listener]] = [:]
    /// Sockets that `wait` looks at next, in the order in which they were woken.
    var ready: [Socket] = []
    /// Look-ups that have been answered and not yet announced.
    var resolved: [(token: UInt64, answer: Result<[SocketAddress], ResolutionError>)] = []
    /// Programs that have ended, which was not yet announced.
    var finished: [(token: UInt64, output: Result<[UInt8], CommandError>)] = []
    /// Handlers that are to be told that they were woken.
    var woken: [UInt64] = []
    private var nextPort = NetworkLimits.firstPort

    init(seed: Seed) { self.seed = seed }

    deinit {
        for stream in agenda.streams + listeners.values.joined().flatMap({ $0.queue + $0.silent }) {
            stream.peer?.peer = nil
            stream.peer = nil
        }
    }

    /// Gives a name its addresses (their ports do not matter), which a look-up yields after `delay`.
    public func setName(_ host: String, _ addresses: [SocketAddress], delay: Duration = .milliseconds(1)) {
        names[host] = Name(addresses: addresses, delay: delay)
    }

    /// What a program with these arguments prints, or fails with, after `delay`.
    public func setCommand(_ arguments: [String], _ output: Result<[UInt8], CommandError>, delay: Duration = .milliseconds(10)) {
        commands[arguments] = Command(output: output, delay: delay)
    }

    func faults(at service: SocketAddress) -> Faults { faultsByService[service] ?? faults }

    func note(_ line: @autoclosure () -> String) {
        if isTracing { trace.append("\(Network.text(now))  \(line())") }
    }

    /// `12.000345 s`
    static func text(_ time: Duration) -> String {
        let microseconds = Int(time / .microseconds(1))
        let fraction = String(microseconds % 1_000_000)
        return "\(microseconds / 1_000_000).\(String(repeating: "0", count: 6 - fraction.count))\(fraction) s"
    }

    func freshPort() -> UInt16 {
        nextPort = nextPort == .max ? NetworkLimits.firstPort : nextPort + 1
        return nextPort
    }

    /// The socket is looked at by the next `wait`, if somebody watches it.
    func wake(_ socket: Socket) {
        guard socket.token != nil, !socket.isQueued else { return }
        socket.isQueued = true
        ready.append(socket)
    }

    /// Everything that is due happens.
    func happen() {
        while let happening = agenda.takeDue(now) {
            switch happening {
            case .connectArrives(let client, let attempt): connectArrives(client, attempt: attempt)
            case .connectFails(let client, let code): fail(client, code)
            case .established(let client): establish(client)
            case .silenceEnds(let stream): stopAwaiting(stream)
            case .delivery(let sender): deliver(sender)
            case .reset(let end): resetArrives(end)
            case .wake(let socket): wake(socket)
            case .resolved(let token, let answer): resolved.append((token, answer))
            case .finished(let token, let output): finished.append((token, output))
            case .woken(let token): woken.append(token)
            }
        }
    }

    func plan(_ happening: Happening, after delay: Duration) { agenda.add(happening, at: now + delay) }

    func drawLatency(_ service: SocketAddress) -> Duration {
        if case .unix = service { return seed.duration(in: .microseconds(1)...(.microseconds(20))) }
        let faults = faults(at: service)
        let extra = seed.chance(faults.slowDelivery) ? seed.duration(in: .zero...faults.slowDeliveryMax) : .zero
        return seed.duration(in: latency) + extra + (delays[service] ?? .zero)
    }
}
