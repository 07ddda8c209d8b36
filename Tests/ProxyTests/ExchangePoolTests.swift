import EventLoop
import Testing

@testable import Proxy

/// The memory of requests.
struct ExchangePoolTests {
    private let kernel: LinuxKernel
    private let exchanges = ExchangePool()

    init() throws { kernel = try LinuxKernel() }

    private func connection() throws -> Downstream {
        let descriptor = try kernel.listen(on: .loopback(port: 0), options: ListenOptions())
        return Downstream(descriptor: Descriptor(descriptor, of: kernel), listener: 0, timer: .none, exchanges: exchanges)
    }

    @Test func `a connection has memory for a request only while it has one`() throws {
        var first = try connection()
        #expect(first.exchange.phase == .none && first.exchange.route == -1 && first.exchange.number == 0)
        first.exchange.number = 7
        first.exchange.become(.answered)
        #expect(first.exchange.number == 7 && first.exchange.phase == .answered)
        var second = try connection()
        #expect(second.exchange.number == 0)
        second.exchange.number = 8
        #expect(first.exchange.number == 7 && second.exchange.number == 8)
        first.exchange.become(.none)
        first.returnExchange()
        #expect(first.exchange.number == 0 && second.exchange.number == 8)
        first.returnExchange()
        #expect(first.exchange.phase == .none)
    }

    @Test func `a request that has not ended is not given back`() async {
        await #expect(processExitsWith: .failure) {
            var connection = try ExchangePoolTests().connection()
            connection.exchange.become(.answered)
            connection.returnExchange()
        }
    }

    @Test func `an idle connection takes little`() {
        #expect(MemoryLayout<Downstream>.stride <= 320)
    }
}
