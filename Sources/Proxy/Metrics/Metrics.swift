internal import EventLoop

/// What all loops of the process have counted: requests, times, bytes, connections, token calls.
///
/// Each loop counts in memory of its own, without a lock; who wants to know adds up. What belongs to a route or a credential is
/// found by its name, so it goes on where another configuration has one of the same name.
final class Metrics: Sendable {
    /// Whose numbers they are.
    enum Subject: Hashable {
        /// Nil: requests that no route was found for.
        case route(String?)
        case upstream(route: String)
        case credential(String)
        case tokenEndpoint(credential: String)
        case loop

        fileprivate var count: Int {
            switch self {
            case .route: Figure.Route.count
            case .upstream, .tokenEndpoint: Figure.Connections.count
            case .credential: Figure.Tokens.count
            case .loop: Figure.Loop.count
            }
        }
    }

    /// Of each subject by the loop's position; nil: that loop has counted nothing for it.
    private let known = Locked<[Subject: [Counters?]]>([:])

    /// The numbers of `subject` that this loop counts with; the same each time. Not to be used without a reference to this object.
    func counters(of subject: Subject, loop: Int) -> Counters {
        known.withLock { known in
            var all = known[subject] ?? []
            while all.count <= loop { all.append(nil) }
            if let counters = all[loop] { return counters }
            let counters = Counters.make(subject.count)
            all[loop] = counters
            known[subject] = all
            return counters
        }
    }

    /// What all loops have counted for `subject`; zeros, where none has.
    func total(of subject: Subject) -> [UInt64] {
        let all = known.withLock { $0[subject] ?? [] }
        var total = [UInt64](repeating: 0, count: subject.count)
        for case let counters? in all { Self.add(counters, to: &total) }
        return total
    }

    /// What each loop has counted for `subject`.
    func each(of subject: Subject) -> [(loop: Int, numbers: [UInt64])] {
        let all = known.withLock { $0[subject] ?? [] }
        return all.enumerated().compactMap { loop, counters in
            guard let counters else { return nil }
            var numbers = [UInt64](repeating: 0, count: subject.count)
            Self.add(counters, to: &numbers)
            return (loop, numbers)
        }
    }

    /// The last first: what has ended stands behind what has begun, so there are never more of the former, while the loop counts on.
    private static func add(_ counters: Counters, to numbers: inout [UInt64]) {
        for index in numbers.indices.reversed() { numbers[index] &+= counters[index] }
    }

    /// How many loops count.
    var loopCount: Int { known.withLock { known in known.values.reduce(0) { max($0, $1.count) } } }

    deinit {
        known.withLock { known in
            for counters in known.values.joined() { counters?.deallocate() }
        }
    }
}
