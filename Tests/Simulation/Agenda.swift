internal import EventLoop

/// What will happen in the simulated network, and when.
enum Happening {
    /// The request to connect reaches the other side, for the n-th time.
    case connectArrives(Stream, attempt: Int)
    case connectFails(Stream, Int32)
    case established(Stream)
    /// A connection on which nothing came has been silent for long enough.
    case silenceEnds(Stream)
    /// What a stream has outgoing reaches its peer.
    case delivery(Stream)
    /// A reset reaches this end.
    case reset(Stream)
    /// Something is looked at again.
    case wake(Socket)
    case resolved(token: UInt64, Result<[SocketAddress], ResolutionError>)
    case finished(token: UInt64, Result<[UInt8], CommandError>)
    /// A handler that was woken is told.
    case woken(token: UInt64)
}

/// Happenings in the order of their time; those of one time in the order in which they were planned. A binary heap.
struct Agenda {
    private struct Entry {
        let time: Duration
        let number: UInt64
        let happening: Happening

        func isBefore(_ other: Entry) -> Bool { time == other.time ? number < other.number : time < other.time }
    }

    private var heap: [Entry] = []
    private var number: UInt64 = 0

    var nextTime: Duration? { heap.first?.time }

    /// All ends of connections that something is going to happen to.
    var streams: [Stream] {
        heap.compactMap { entry in
            switch entry.happening {
            case .connectArrives(let stream, _), .connectFails(let stream, _), .established(let stream), .silenceEnds(let stream),
                .delivery(let stream), .reset(let stream):
                stream
            case .wake(let socket): socket as? Stream
            case .resolved, .finished, .woken: nil
            }
        }
    }

    mutating func add(_ happening: Happening, at time: Duration) {
        heap.append(Entry(time: time, number: number, happening: happening))
        number += 1
        var index = heap.count - 1
        while index > 0, heap[index].isBefore(heap[(index - 1) / 2]) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    /// The next happening that is due at `now`.
    mutating func takeDue(_ now: Duration) -> Happening? {
        guard let first = heap.first, first.time <= now else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count && heap[child].isBefore(heap[least]) {
                least = child
            }
            if least == index { return first.happening }
            heap.swapAt(index, least)
            index = least
        }
    }
}
