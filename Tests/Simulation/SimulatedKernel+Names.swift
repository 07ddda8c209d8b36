public import EventLoop
internal import Glibc

// Names, programs and signals.
extension SimulatedKernel {
    public func resolve(_ host: String, port: UInt16, token: UInt64) {
        var delay = Duration.milliseconds(1)
        let answer: Result<[SocketAddress], ResolutionError>
        if fails() || network.seed.chance(network.faults.nameFailed) {
            answer = .failure(ResolutionError(host: host, reason: "Temporary failure in name resolution"))
        } else if let address = SocketAddress(numeric: host, port: port) {
            answer = .success([address])
        } else if let name = network.names[host], !name.addresses.isEmpty {
            answer = .success(name.addresses.map { $0.with(port: port) })
            delay = name.delay
        } else {
            answer = .failure(ResolutionError(host: host, reason: "Name or service not known"))
        }
        if network.seed.chance(network.faults.nameSlow) {
            delay += network.seed.duration(in: .zero...network.faults.slowNameMax)
        }
        network.note("look up \(host)")
        network.plan(.resolved(token: token, answer), after: delay)
    }

    public func takeResolution(token: UInt64) -> Result<[SocketAddress], ResolutionError>? {
        answers.removeValue(forKey: token)
    }

    /// Programs are what `network.setCommand` says; any other cannot be started.
    public func run(_ arguments: [String], token: UInt64) {
        var output = Result<[UInt8], CommandError>.failure(
            CommandError(program: arguments[0], reason: "cannot be started: No such file or directory"))
        var delay = Duration.milliseconds(1)
        if let command = network.commands[arguments], !fails() {
            output = command.output
            delay = command.delay
        }
        network.note("run \(arguments[0])")
        network.plan(.finished(token: token, output), after: delay)
    }

    public func takeOutput(token: UInt64) -> Result<[UInt8], CommandError>? { outputs.removeValue(forKey: token) }

    /// The simulation has one thread; what it wakes is told a moment later, as by another thread.
    public func waker(token: UInt64) throws(SystemError) -> any Waker {
        if fails() { throw SystemError(call: "eventfd", errno: EMFILE, subject: "a waker") }
        return SimulatedWaker(network, token: token)
    }

    public func signalDescriptor(for signals: [Int32]) throws(SystemError) -> Int32 {
        if fails() { throw SystemError(call: "signalfd", errno: EMFILE, subject: "signals \(signals)") }
        return open(SignalQueue(signals: signals))
    }

    public func receiveSignal(_ descriptor: Int32) -> Int32? {
        guard let queue = socket(descriptor, for: "read") as? SignalQueue, !queue.arrived.isEmpty else { return nil }
        return queue.arrived.removeFirst()
    }

    /// A signal arrives. One that is already waiting does not wait twice.
    public func raise(_ signal: Int32) {
        for (_, socket) in sockets.sorted(by: { $0.key < $1.key }) {
            guard let queue = socket as? SignalQueue, queue.signals.contains(signal) else { continue }
            if !queue.arrived.contains(signal) { queue.arrived.append(signal) }
            network.wake(queue)
        }
    }
}
