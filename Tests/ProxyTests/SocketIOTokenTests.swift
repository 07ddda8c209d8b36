import Glibc
import Testing

@testable import Proxy

/// The token in the query of Socket.IO requests, and the client's own nowhere.
@Suite struct SocketIOTokenTests {
    @Test(arguments: [
        ("/socket.io/?EIO=3&transport=polling", "/socket.io/?token=s3cret&EIO=3&transport=polling"), ("/socket.io/", "/socket.io/?token=s3cret"),
        ("/socket.io", "/socket.io?token=s3cret"), ("/socket.io/?", "/socket.io/?token=s3cret"),
        ("/socket.io/1/x?t=1", "/socket.io/1/x?token=s3cret&t=1"), ("/Socket%2EIO%2F?t=1", "/Socket%2EIO%2F?token=s3cret&t=1"),
        ("/socket.io/?token=mine", "/socket.io/?token=s3cret"),
        ("/socket.io/?a=1&%54oken=mine;b=2&token[]=mine", "/socket.io/?token=s3cret&a=1;b=2"),
        // Other paths get none, and lose the client's all the same.
        ("/socket.iox/?token=mine&a=1", "/socket.iox/?a=1"), ("/x/socket.io/?token=mine", "/x/socket.io/"), ("/?token=mine", "/"),
        ("/socketXio/?a=token", "/socketXio/?a=token"), ("/api", "/api"),
    ])
    func `Socket IO requests have the token in their query, and no request has the client's`(target: String, sent: String) throws {
        let bench = try Bench(route: #", "socketIOToken": true"#)
        let client = try bench.client()
        client.send("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        #expect(upstream.text.hasPrefix("GET \(sent) HTTP/1.1\r\n"))
        #expect(upstream.text.contains("Authorization: Bearer s3cret\r\n"))
    }

    @Test func `a route that does not say so leaves the query alone`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send("GET /socket.io/?token=mine HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        #expect(upstream.text.hasPrefix("GET /socket.io/?token=mine HTTP/1.1\r\n"))
    }

    @Test(arguments: [
        (#", "stripPrefix": true, "pathPrefix": "/btc""#, "", "/btc/socket.io/?a=1", "/socket.io/?token=s3cret&a=1"),
        ("", "/base", "/socket.io/?a=1", "/base/socket.io/?token=s3cret&a=1"), ("", "/socket.io", "/x?a=1", "/socket.io/x?token=s3cret&a=1"),
        ("", "/socket.io", "/?a=1", "/socket.io/?token=s3cret&a=1"), ("", "/base", "/base/socket.io/", "/base/base/socket.io/"),
        (#", "stripPrefix": true, "pathPrefix": "/socket.io""#, "", "/socket.io/x?token=mine", "/x"),
    ])
    func `the path is looked at as the upstream sees it`(route: String, base: String, target: String, sent: String) throws {
        let bench = try Bench(route: #", "socketIOToken": true\#(route)"#, basePath: base)
        let client = try bench.client()
        client.send("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        #expect(upstream.text.hasPrefix("GET \(sent) HTTP/1.1\r\n"))
    }

    @Test func `the query has the token of the moment, percent-encoded`() throws {
        let bench = try Bench(route: #", "socketIOToken": true"#, hasTokenCalls: true)
        try bench.giveToken("a+b/c=&1")
        let client = try bench.client()
        client.send("GET /socket.io/?EIO=3 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        #expect(upstream.text.hasPrefix("GET /socket.io/?token=a%2Bb%2Fc%3D%261&EIO=3 HTTP/1.1\r\n"))
        upstream.forget()
        upstream.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
        try bench.giveToken("two")
        #expect(bench.turn { upstream.text.hasPrefix("GET /socket.io/?token=two&EIO=3 HTTP/1.1\r\n") })
    }

    @Test(arguments: [
        ("/socket.io/?token=s3cret&EIO=3#a?token=1", "/socket.io/?EIO=3#a?token=1"), ("/socket.io/?a=1&token=s3cret", "/socket.io/?a=1"),
        ("https://other.example/?token=s3cret", "https://other.example/"), ("http://127.0.0.1:PORT/x?%74oken=s3cret", "http://localhost/x"),
        ("/socket.io/?EIO=3&", "/socket.io/?EIO=3&"), ("/a#?token=1", "/a#?token=1"),
    ])
    func `a redirect does not show the token to the client`(location: String, seen: String) throws {
        let bench = try Bench(route: #", "socketIOToken": true"#, encrypted: false)
        let client = try bench.client()
        client.send("GET /socket.io?EIO=3 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        let written = location.replacing("PORT", with: "\(bench.upstreamPort)")
        upstream.send("HTTP/1.1 302 Found\r\nLocation: \(written)\r\nContent-Length: 0\r\n\r\n")
        #expect(bench.turn { client.text.hasSuffix("\r\n\r\n") })
        #expect(client.text.contains("\r\nLocation: \(seen)\r\n"))
        #expect(!client.text.contains("s3cret"))
    }

    @Test func `neither the client's token nor ours stands in a log`() throws {
        let file = "/tmp/bearerproxy-socketio-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        defer { unlink(file) }
        let bench = try Bench(route: #", "socketIOToken": true"#, log: #"{ "access": "\#(file)", "level": "error" }"#)
        let client = try bench.client()
        for target in ["/socket.io/?token=mine", "/a?token=mine"] {
            client.send("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n")
        }
        let upstream = try bench.upstream()
        for _ in 0..<2 {
            #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
            #expect(!upstream.text.contains("mine"))
            upstream.forget()
            client.forget()
            upstream.send("HTTP/1.1 204 No Content\r\n\r\n")
            #expect(bench.turn { client.text.hasSuffix("\r\n\r\n") })
        }
        bench.turn(for: .milliseconds(20))
        let lines = try Bench.text(of: file)
        #expect(lines.contains(#""path":"/socket.io/""#) && lines.contains(#""path":"/a""#))
        #expect(!lines.contains("mine") && !lines.contains("s3cret") && !lines.contains("?"))
    }
}
