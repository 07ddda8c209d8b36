public import EventLoop

extension SimulatedKernel {
    public var openDescriptors: [Int32] { sockets.keys.sorted() }

    public var openDescriptorCount: Int { sockets.count }

    /// Everything that is wrong at the end of a run: violations, descriptors that are open beyond `expected`, timers
    /// of `loop` that are armed beyond `timers`. Empty when all is well.
    public func faultsFound(descriptors expected: Int = 0, loop: Loop? = nil, timers: Int = 0) -> [String] {
        var found = violations
        if openDescriptorCount != expected {
            let list = openDescriptors.map { "fd \($0) (\(kind(of: $0)))" }.joined(separator: ", ")
            found.append("\(openDescriptorCount) descriptors are open, not \(expected): \(list)")
        }
        if let loop, loop.armedTimerCount != timers {
            found.append("\(loop.armedTimerCount) timers are armed, not \(timers)")
        }
        return found
    }

    /// The last lines of the trace, for a failure's message.
    public func traceEnd(_ count: Int = 60) -> String { network.trace.suffix(count).joined(separator: "\n") }

    private func kind(of descriptor: Int32) -> String {
        switch sockets[descriptor] {
        case let listener as Listener: "listens on \(listener.address)"
        case let stream as Stream: "\(stream.state), service \(stream.service)"
        case is SignalQueue: "signals"
        default: "unknown"
        }
    }
}
