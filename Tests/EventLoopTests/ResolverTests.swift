import EventLoop
import Testing

struct ResolverTests {
    private let watcher: Watcher

    init() throws { watcher = try Watcher() }

    private func look(up host: String) -> Result<[SocketAddress], ResolutionError>? {
        watcher.forget()
        watcher.kernel.resolve(host, port: 443, token: 5)
        guard watcher.wait(for: .resolved, of: 5) else { return nil }
        return watcher.kernel.takeResolution(token: 5)
    }

    @Test func `localhost is the loopback address, with the port that was asked for`() throws {
        let addresses = try #require(look(up: "localhost")).get()
        #expect(!addresses.isEmpty)
        #expect(addresses.allSatisfy { $0.isLocal && $0.port == 443 })
        #expect(Set(addresses).count == addresses.count)
    }

    @Test(arguments: ["127.0.0.1", "::1"])
    func `an address in numbers is its own answer`(host: String) throws {
        #expect(try #require(look(up: host)).get() == [SocketAddress(numeric: host, port: 443)])
    }

    @Test func `a name that does not exist fails, and the error names it`() throws {
        for host in ["nonexistent.invalid", "", "local\0host", String(repeating: "a", count: 300)] {
            let answer = try #require(look(up: host))
            let error = #expect(throws: ResolutionError.self) { try answer.get() }
            #expect(error?.host == host)
            #expect(error?.reason.isEmpty == false)
        }
    }

    @Test func `every one of many questions is answered once`() {
        let tokens = UInt64(1)...50
        for token in tokens { watcher.kernel.resolve("127.0.0.1", port: UInt16(token), token: token) }
        var answered: [UInt64] = []
        let isDone = watcher.wait {
            for token in tokens {
                guard let answer = watcher.kernel.takeResolution(token: token) else { continue }
                #expect((try? answer.get()) == [.loopback(port: UInt16(token))])
                answered.append(token)
            }
            return answered.count == tokens.count
        }
        #expect(isDone)
        #expect(answered.sorted() == Array(tokens))
    }

    @Test func `more questions than fit are refused, and each is answered`() {
        let count = UInt64(400)
        for token in 1...count { watcher.kernel.resolve("127.0.0.1", port: 1, token: token) }
        #expect(watcher.wait { watcher.seen.count == Int(count) })
        #expect(watcher.seen.values.allSatisfy { $0 == .resolved })
    }

    @Test func `an answer that is not taken is forgotten, and none is given before it is announced`() {
        watcher.kernel.resolve("127.0.0.1", port: 1, token: 5)
        #expect(watcher.kernel.takeResolution(token: 5) == nil)
        #expect(watcher.wait(for: .resolved, of: 5))
        watcher.turn()
        #expect(watcher.kernel.takeResolution(token: 5) == nil)
    }
}
