import EventLoop
import Testing

@testable import Proxy

/// The queue for connections.
@Suite struct DestinationTests {
    @Test func `requests leave in the order in which they came, however many`() throws {
        let destination = try make(concurrency: 1, queueMax: 10)
        var next = 0
        for number in 0..<5000 {
            destination.enqueue(waiting(number))
            guard number % 3 == 2 else { continue }
            #expect(destination.dequeue()?.exchange == UInt64(next))
            next += 1
        }
        #expect(destination.queueCount == 5000 - next)
        while let waiting = destination.dequeue() {
            #expect(waiting.exchange == UInt64(next))
            next += 1
        }
        #expect(next == 5000 && destination.queueCount == 0)
    }

    @Test func `who waits longest is the first for whom no connection is being made`() throws {
        let destination = try make(concurrency: 9, queueMax: 10)
        #expect(destination.firstUnpromisedSince == nil)
        for number in 0..<4 { destination.enqueue(Destination.Waiting(downstream: .none, exchange: UInt64(number), since: .seconds(number))) }
        #expect(destination.firstUnpromisedSince == .seconds(0))
        destination.promisedCount = 2
        #expect(destination.firstUnpromisedSince == .seconds(2))
        _ = destination.dequeue()
        #expect(destination.firstUnpromisedSince == .seconds(3))
        destination.promisedCount = 3
        #expect(destination.firstUnpromisedSince == nil)
    }

    @Test func `it is full when there is neither a connection nor a place to wait`() throws {
        let destination = try make(concurrency: 2, queueMax: 1)
        #expect(!destination.isFull(at: 0))
        destination.enqueue(waiting(1))
        #expect(!destination.isFull(at: 0))
        for _ in 0..<2 { destination.takePlaceAnyway() }
        #expect(destination.isFull(at: 0))
        destination.keepInQueue { $0.exchange != 1 }
        #expect(!destination.isFull(at: 0) && destination.queueCount == 0)
    }

    @Test func `those who go leave the order of the others`() throws {
        let destination = try make(concurrency: 1, queueMax: 10)
        for number in 0..<10 { destination.enqueue(waiting(number)) }
        _ = destination.dequeue()
        destination.keepInQueue { $0.exchange % 2 == 0 }
        #expect((0..<4).map { _ in destination.dequeue()?.exchange } == [2, 4, 6, 8])
    }

    private func waiting(_ number: Int) -> Destination.Waiting {
        Destination.Waiting(downstream: .none, exchange: UInt64(number), since: .zero)
    }

    private func make(concurrency: Int, queueMax: Int) throws -> Destination {
        Destination(
            index: 0, origin: try Origin.parse("http://127.0.0.1:1"), connectTo: nil, tls: nil, serverName: nil,
            connectTimeout: .seconds(1), concurrency: concurrency, queueMax: queueMax)
    }
}
