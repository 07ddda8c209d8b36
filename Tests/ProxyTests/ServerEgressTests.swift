import EventLoop
import Glibc
import Testing

@testable import Proxy

/// The way through an egress proxy that is a plain socket: what it is asked, and what happens when it does not behave. TLS
/// through a real one is among the black-box tests.
@Suite struct ServerEgressTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
    private static let question = "CONNECT up.example:443 HTTP/1.1\r\nHost: up.example:443\r\n"
    private static let withPassword =
        #", "egressProxy": { "url": "http://UPSTREAM", "username": { "env": "EU" }, "password": { "env": "EP" } }"#

    private func bench(_ top: String = #", "egressProxy": "http://UPSTREAM""#, route: String = "", url: String = "https://up.example") throws -> Bench {
        try Bench(route: route, top: top, upstreamURL: url)
    }

    @Test(arguments: [
        ("https://up.example", "up.example:443"), ("https://Up.example:8443/base", "up.example:8443"),
        ("https://[2001:db8::1]", "[2001:db8::1]:443"), ("https://10.9.8.7", "10.9.8.7:443"),
    ])
    func `the proxy is asked for host and port, and for nothing else`(url: String, authority: String) throws {
        let bench = try bench(url: url)
        let client = try bench.client()
        client.send(Self.get)
        let proxy = try bench.upstream()
        #expect(bench.turn { proxy.text.hasSuffix("\r\n\r\n") })
        #expect(proxy.text == "CONNECT \(authority) HTTP/1.1\r\nHost: \(authority)\r\n\r\n")
    }

    @Test func `user name and password go to the proxy`() throws {
        let bench = try bench(Self.withPassword)
        let client = try bench.client()
        client.send(Self.get)
        let proxy = try bench.upstream()
        #expect(bench.turn { proxy.text.hasSuffix("\r\n\r\n") })
        // s3cret:s3cret
        #expect(proxy.text == "\(Self.question)Proxy-Authorization: Basic czNjcmV0OnMzY3JldA==\r\n\r\n")
    }

    @Test func `a changed password is read anew, and no command is run for it`() throws {
        let token = try SecretFile("s3cret")
        let password = try SecretFile("one")
        let runs = try SecretFile("")
        let bench = try Bench(
            top: #"""
                , "egressProxy": { "url": "http://UPSTREAM", "password": { "file": "\#(password.path)" },
                "username": { "command": ["sh", "-c", "echo run >> \#(runs.path); echo me"] } }
            """#, upstreamURL: "https://up.example", secret: #"{ "file": "\#(token.path)" }"#)
        // me:one, me:three
        for authorization in ["bWU6b25l", "bWU6dGhyZWU="] {
            let client = try bench.client()
            client.send(Self.get)
            let proxy = try bench.upstream()
            #expect(bench.turn { proxy.text.hasSuffix("\r\n\r\n") })
            #expect(proxy.text.contains("Proxy-Authorization: Basic \(authorization)\r\n"))
            proxy.send("HTTP/1.1 403 No\r\n\r\n")
            #expect(bench.turn { client.text.contains("(403)") })
            try password.replace(by: "three")
        }
        #expect(runs.text == "run\n")
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 200 Connection established\r\n\r\n", "HTTP/1.1 204 \r\nVia: 1.1 p\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
    ])
    func `the ClientHello follows a 2xx, however slowly it comes, and no sooner`(answer: String) throws {
        let bench = try bench()
        let client = try bench.client()
        client.send(Self.get)
        let proxy = try bench.upstream()
        #expect(bench.turn { proxy.text.hasSuffix("\r\n\r\n") })
        proxy.forget()
        for byte in answer.utf8 {
            #expect(proxy.received.isEmpty)
            proxy.send([byte])
            bench.turn(for: .milliseconds(1))
        }
        #expect(bench.turn { proxy.received.count > 100 })
        #expect(proxy.received.starts(with: [0x16, 3]) && client.text.isEmpty)
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let answer: String
        let status: Int
        let words: [String]

        init(_ answer: String, _ status: Int, _ words: String...) {
            self.answer = answer
            self.status = status
            self.words = words
        }

        var testDescription: String { String(answer.prefix(60)) }
    }

    static let refusals = [
        Refusal("HTTP/1.1 407 Hm\r\nProxy-Authenticate: Basic\r\n\r\n", 502, "wants a user name and password (407)", "egressProxy", "proxy_configuration_error"),
        Refusal("HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\nforbidden", 502, "does not allow this destination (403)", "connection_refused"),
        Refusal("HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\n", 502, "redirect (302)", "connection_refused"),
        Refusal("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", 502, "interim response (101)"),
        Refusal("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 502, "interim response (100)"),
        Refusal("HTTP/1.1 405 No\r\n\r\n", 502, "no CONNECT (405)"),
        Refusal("HTTP/1.1 500 Oh\r\n\r\n", 502, "CONNECT with 500", "destination_unavailable"),
        Refusal("HTTP/1.1 502 Bad Gateway\r\n\r\n", 502, "could not reach the destination (502)", "destination_unavailable"),
        Refusal("HTTP/1.1 504 Gateway Timeout\r\n\r\n", 504, "could not reach the destination (504)", "connection_timeout"),
        Refusal("HTTP/1.1 200 OK\r\n\r\n\u{16}", 502, "bytes follow its head", "http_protocol_error"),
        Refusal("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 502, "bytes follow its head"),
        Refusal("SSH-2.0-OpenSSH_9.2\r\n", 502, "is it an HTTP proxy?", "http_protocol_error"),
        Refusal("HTTP/1.1 200 OK\r\nA: b\n\r\n", 502, "is it an HTTP proxy?"),
        Refusal("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 502, "Content-Length"),
        Refusal("HTTP/2 200 OK\r\n\r\n", 502, "is it an HTTP proxy?"),
        Refusal("HTTP/1.1 200 OK\r\nX: \(String(repeating: "x", count: 9000))\r\n\r\n", 502, "longer than 8192 bytes"),
        Refusal("HTTP/1.1 200 \(String(repeating: "x", count: 9000))", 502, "longer than 8192 bytes"),
    ]

    @Test(arguments: refusals)
    func `each refusal has words of its own, and nothing more is sent`(refusal: Refusal) throws {
        let bench = try bench()
        let client = try bench.client()
        client.send(Self.get)
        let proxy = try bench.upstream()
        #expect(bench.turn { proxy.text.hasSuffix("\r\n\r\n") })
        proxy.send(refusal.answer)
        #expect(bench.turn { client.text.hasSuffix("}\n") })
        #expect(client.text.hasPrefix("HTTP/1.1 \(refusal.status) "))
        for word in refusal.words + ["upstream up.example:443", "egress proxy 127.0.0.1:", "had not been sent", refusal.status == 504 ? "upstream_timeout" : "upstream_unreachable"] {
            #expect(client.text.contains(word), "\(client.text) lacks \(word)")
        }
        #expect(bench.turn { proxy.isOver })
        #expect(proxy.text == "\(Self.question)\r\n")
    }

    @Test func `a proxy that refuses user name and password is not told to be missing them`() throws {
        let bench = try bench(Self.withPassword)
        let client = try bench.client()
        client.send(Self.get)
        let proxy = try bench.upstream()
        #expect(bench.turn { proxy.text.hasSuffix("\r\n\r\n") })
        proxy.send("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        #expect(bench.turn { client.text.contains("refused the user name and password of egressProxy") })
        #expect(!client.text.contains("s3cret") && !client.text.contains("czNjcmV0"))
    }

    @Test(arguments: [false, true])
    func `a proxy that goes without an answer is named`(isReset: Bool) throws {
        let bench = try bench()
        let client = try bench.client()
        client.send(Self.get)
        let proxy = try bench.upstream()
        #expect(bench.turn { proxy.text.hasSuffix("\r\n\r\n") })
        proxy.send("HTTP/1.1 200 ")
        bench.turn(for: .milliseconds(20))
        if isReset { proxy.reset() } else { proxy.close() }
        #expect(bench.turn { client.text.contains("closed the connection without an answer to CONNECT") })
        #expect(client.text.contains("502 Bad Gateway") && client.text.contains("connection_terminated"))
    }

    @Test func `a proxy that says nothing is waited for as long as for a connection`() throws {
        let bench = try bench(route: #", "timeouts": { "connect": "200ms" }"#)
        let client = try bench.client()
        client.send(Self.get)
        let proxy = try bench.upstream()
        #expect(bench.turn { client.text.contains("did not answer CONNECT within 200ms") })
        #expect(client.text.contains("504 Gateway Timeout") && client.text.contains("connection_timeout"))
        #expect(bench.turn { proxy.isOver })
    }

    @Test func `a proxy that cannot be reached is named with what sets it`() throws {
        let bench = try bench()
        bench.kernel.connectErrno = ECONNREFUSED
        let client = try bench.client()
        client.send(Self.get)
        #expect(bench.turn { client.text.hasSuffix("}\n") })
        for word in ["502 Bad Gateway", "egress proxy 127.0.0.1:", "cannot connect to 127.0.0.1:", "see egressProxy"] {
            #expect(client.text.contains(word), "\(client.text)")
        }
    }

    @Test func `a client that goes while the proxy is asked leaves a way for the next`() throws {
        let bench = try bench()
        let first = try bench.client()
        first.send(Self.get)
        let proxy = try bench.upstream()
        #expect(bench.turn { proxy.text.hasSuffix("\r\n\r\n") })
        first.reset()
        bench.turn(for: .milliseconds(50))
        let second = try bench.client()
        second.send(Self.get)
        bench.turn(for: .milliseconds(50))
        proxy.send("HTTP/1.1 403 No\r\n\r\n")
        let next = try bench.upstream()
        #expect(bench.turn { next.text.hasSuffix("\r\n\r\n") })
        next.send("HTTP/1.1 403 No\r\n\r\n")
        #expect(bench.turn { second.text.contains("(403)") })
    }

    @Test func `many requests at once are each answered when the proxy refuses all`() throws {
        let bench = try bench(route: #", "limits": { "concurrency": 2, "queue": 10 }"#)
        let clients = try (0..<5).map { _ in try bench.client() }
        for client in clients { client.send(Self.get) }
        for _ in 0..<5 {
            let proxy = try bench.upstream()
            #expect(bench.turn { proxy.text.hasSuffix("\r\n\r\n") })
            proxy.send("HTTP/1.1 403 No\r\n\r\n")
        }
        #expect(bench.turn { clients.allSatisfy { $0.text.contains("(403)") } })
    }
}
