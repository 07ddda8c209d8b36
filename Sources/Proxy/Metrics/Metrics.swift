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

    private struct Key: Hashable {
        let subject: Subject
        let loop: Int
    }

    private let known = Locked<[Key: Counters]>([:])

    /// The numbers of `subject` that this loop counts with; the same each time. Not to be used without a reference to this object.
    func counters(of subject: Subject, loop: Int) -> Counters {
        known.withLock { known in
            let key = Key(subject: subject, loop: loop)
            if let counters = known[key] { return counters }
            let counters = Counters.make(subject.count)
            known[key] = counters
            return counters
        }
    }

    /// What all loops have counted for `subject`; zeros, where none has.
    func total(of subject: Subject) -> [UInt64] {
        known.withLock { known in
            var total = [UInt64](repeating: 0, count: subject.count)
            for (key, counters) in known where key.subject == subject {
                for index in total.indices { total[index] &+= counters[index] }
            }
            return total
        }
    }

    /// What each loop has counted for `subject`.
    func each(of subject: Subject) -> [(loop: Int, numbers: [UInt64])] {
        known.withLock { known in
            known.filter { $0.key.subject == subject }.sorted { $0.key.loop < $1.key.loop }.map { key, counters in
                (key.loop, (0..<counters.count).map { counters[$0] })
            }
        }
    }

    /// How many loops count.
    var loopCount: Int { known.withLock { known in known.keys.reduce(0) { max($0, $1.loop + 1) } } }

    deinit {
        known.withLock { known in
            for counters in known.values { counters.deallocate() }
        }
    }
}
