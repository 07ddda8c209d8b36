import EventLoop
import Testing

@testable import Proxy

@Suite struct ServerTimingTests {
    /// The values of the answer's Server-Timing fields.
    private func timings(_ answer: String) -> [String] {
        answer.split(separator: "\r\n").filter { $0.lowercased().hasPrefix("server-timing: ") }.map { String($0.dropFirst(15)) }
    }

    private func answer(_ route: String, upstreamFields: String = "") throws -> String {
        let bench = try Bench(route: route)
        let client = try bench.client()
        client.send("GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        bench.turn(for: .milliseconds(30))
        upstream.send("HTTP/1.1 200 OK\r\n\(upstreamFields)Content-Length: 2\r\n\r\nok")
        #expect(bench.turn { client.text.hasSuffix("ok") })
        return client.text
    }

    @Test func `where a route asks for it, answers say how long what took`() throws {
        let timings = timings(try answer(#", "serverTiming": true"#, upstreamFields: "Server-Timing: db;dur=5\r\n"))
        // The upstream's own stands beside it.
        #expect(timings.count == 2 && timings.contains("db;dur=5"))
        let own = try #require(timings.first { $0 != "db;dur=5" })
        let parts = own.split(separator: ", ").map { $0.split(separator: ";dur=").map(String.init) }
        #expect(parts.allSatisfy { $0.count == 2 && Double($0[1]) != nil }, "\(own)")
        let upstream = try #require(parts.first { $0[0] == "upstream" }.flatMap { Double($0[1]) })
        // From the request's sending: at least the time for which the answer was held back.
        #expect(parts[0][0] == "proxy" && upstream >= 29, "\(own)")
    }

    @Test func `the time of an attempt that brought no answer is the upstream's`() throws {
        let bench = try Bench(route: #", "serverTiming": true"#)
        let client = try bench.client()
        client.send("GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let first = try bench.upstream()
        #expect(bench.turn { first.text.hasSuffix("\r\n\r\n") })
        first.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        #expect(bench.turn { client.text.hasSuffix("ok") })
        first.forget()
        client.forget()
        client.send("GET /b HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(bench.turn { first.text.hasSuffix("\r\n\r\n") })
        bench.turn(for: .milliseconds(60))
        first.close()
        let second = try bench.upstream()
        #expect(bench.turn { second.text.hasSuffix("\r\n\r\n") })
        second.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        #expect(bench.turn { client.text.hasSuffix("ok") })
        let line = try #require(timings(client.text).first)
        let parts = line.split(separator: ", ").map { $0.split(separator: ";dur=").map(String.init) }
        let upstream = try #require(parts.first { $0[0] == "upstream" }.flatMap { Double($0[1]) })
        #expect(upstream >= 59, "\(line)")
    }

    @Test func `elsewhere they do not`() throws {
        #expect(timings(try answer("")).isEmpty)
    }

    @Test func `the proxy's own answers have it, too`() throws {
        let bench = try Bench(route: #", "serverTiming": true, "allow": { "methods": ["GET"] }"#)
        let client = try bench.client()
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
        #expect(bench.turn { client.text.hasSuffix("}\n") })
        #expect(client.text.contains(" 405 ") && timings(client.text).count == 1)
        #expect(timings(client.text).first?.hasPrefix("proxy;dur=") == true)
    }

    @Test func `the line is bounded and has milliseconds`() {
        let durations = Durations(
            whole: .zero, upstream: .microseconds(45_678), overhead: .microseconds(5), token: Interval(nanoseconds: .max),
            queue: Interval(nanoseconds: .max))
        let text = ServerTiming(durations: durations).text
        #expect(text.hasPrefix("Server-Timing: proxy;dur=0.005, upstream;dur=45.678, token;dur=9223372036854.775, queue;dur="))
        #expect(text.utf8.count <= ServerTiming.countMax && text.hasSuffix("\r\n"))
    }
}
