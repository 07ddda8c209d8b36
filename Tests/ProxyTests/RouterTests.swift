import Credentials
import EventLoop
import Testing
import Wire

@testable import Proxy

/// Which route a request has, or the answer that refuses it.
@Suite struct RouterTests {
    private let router: Router

    init() throws {
        let rest = #""listen": "127.0.0.1:8080", "credential": "key""#
        let text = """
            { "routes": [
                { "name": "all", "upstream": "https://btc.connect.bloq.cloud", \(rest) },
                { "name": "money", "upstream": "https://m.example", "host": "money.local", \(rest) },
                { "name": "api", "upstream": "https://api.example:8443", "pathPrefix": "/api",
                  "allow": { "origins": ["http://localhost:3000"] }, \(rest) },
                { "name": "six", "upstream": "https://[2001:db8::1]", "pathPrefix": "/six/", "allow": { "methods": ["GET"] }, \(rest) }
              ],
              "credentials": { "key": { "type": "static", "token": { "env": "TOKEN" } } } }
            """
        let configuration = try Configuration.load(Array(text.utf8), file: "proxy.json")
        let grant = try Grant.fixed(token: Secret("s3cret"))
        let credential = CredentialState(
            index: 0, configuration: configuration.credentials[0], destination: nil, timer: .none,
            shared: SharedCredential(cache: TokenCache(grant: grant, seed: 0), grant: PreparedGrant(grant: grant, customerId: nil)))
        router = Router(
            routes: configuration.routes.enumerated().map { index, route in
                let destination = Destination(
                    index: index, origin: route.upstream, connectTo: nil, tls: nil, serverName: nil, connectTimeout: .seconds(1),
                    concurrency: 1, queueMax: 1)
                return RouteState(index: index, configuration: route, destination: destination, credential: credential)
            })
    }

    @Test(arguments: [
        ("GET / HTTP/1.1|Host: localhost", "all"), ("GET /api HTTP/1.1|Host: localhost", "api"),
        ("GET /api/x?y HTTP/1.1|Host: localhost", "api"), ("GET /api?y HTTP/1.1|Host: localhost", "api"),
        ("GET /apix HTTP/1.1|Host: localhost", "all"), ("GET /API HTTP/1.1|Host: localhost", "all"),
        ("GET /?/api HTTP/1.1|Host: localhost", "all"), ("GET /six/ HTTP/1.1|Host: localhost", "six"),
        ("GET /six HTTP/1.1|Host: localhost", "all"), ("OPTIONS * HTTP/1.1|Host: localhost", "all"),
        ("GET / HTTP/1.1|Host: money.local", "money"), ("GET / HTTP/1.1|Host: MONEY.local:80", "money"),
    ])
    func `the longest prefix wins, and of equal ones the route that is for the host`(request: String, expected: String) throws {
        #expect(try decide(request) == expected)
    }

    @Test(arguments: [
        ("Host: LOCALHOST:1", "all"), ("Host: 127.0.0.1", "all"), ("Host: [::1]:8080", "all"), ("Host: localhost.", "403 forbidden"),
        ("Host: evil.example", "403 forbidden"), ("Host: localhost.evil.example", "403 forbidden"), ("Host: 127.0.0.2", "403 forbidden"),
        ("Host: btc.connect.bloq.cloud", "403 forbidden"),
    ])
    func `a host that is not this machine's is refused`(field: String, expected: String) throws {
        #expect(try decide("GET / HTTP/1.1|\(field)") == expected)
    }

    @Test func `a client without a host is no browser`() throws {
        #expect(try decide("GET / HTTP/1.0") == "all")
    }

    @Test(arguments: [
        ("Origin: http://localhost:8080", "all"), ("Origin: HTTP://LOCALHOST:8080", "all"), ("Origin: https://localhost:8080", "403 forbidden"),
        ("Origin: http://localhost:3000", "403 forbidden"), ("Origin: http://localhost", "403 forbidden"), ("Origin: null", "403 forbidden"),
        ("Origin:", "403 forbidden"), ("Origin: http://localhost:8080|Origin: http://evil.example", "403 forbidden"),
        ("Sec-Fetch-Site: cross-site", "403 forbidden"), ("sec-fetch-site: Cross-Site", "403 forbidden"),
        ("Sec_Fetch_Site: cross-site", "403 forbidden"), ("Sec-Fetch-Site: none|Sec-Fetch-Site: cross-site", "403 forbidden"),
        ("Sec-Fetch-Site: same-origin", "all"), ("Sec-Fetch-Site: none", "all"),
        ("Origin: http://localhost:8080|Sec-Fetch-Site: cross-site", "403 forbidden"),
        ("Referer: https://evil.example/x", "403 forbidden"), ("Referer: http://localhost:8080.evil.example/", "403 forbidden"),
        ("Referer: http://localhost:8080@evil.example/", "403 forbidden"), ("Referer: http://localhost/", "403 forbidden"),
        ("Referer: http://localhost:3000/", "403 forbidden"), ("Referer: https://evil.example?http://localhost:8080/", "403 forbidden"),
        ("Referer: http://", "403 forbidden"), ("Referer: http://localhost:8080/a?b=https://x.example", "all"),
        ("Referer: HTTP://LOCALHOST:8080", "all"), ("Referer: http://localhost:8080#x", "all"), ("Referer: /a", "all"), ("Referer:", "all"),
        ("Referer: a:", "all"), ("Referer: https://evil.example/|Origin: http://localhost:8080", "all"),
        ("Referer: http://localhost:3000/|Sec-Fetch-Site: same-site", "all"),
    ])
    func `a page of another site is refused`(fields: String, expected: String) throws {
        #expect(try decide("POST / HTTP/1.1|Host: localhost:8080|\(fields)") == expected)
    }

    @Test func `a page whose origin is listed may use its route alone`() throws {
        let fields = "Host: localhost:8080|Origin: http://LocalHost:3000|Sec-Fetch-Site: cross-site"
        #expect(try decide("POST /api HTTP/1.1|\(fields)") == "api")
        #expect(try decide("POST / HTTP/1.1|\(fields)") == "403 forbidden")
        #expect(try decide("GET /api HTTP/1.1|Host: localhost|Referer: http://localhost:3000/x") == "api")
    }

    @Test(arguments: [
        ("http://btc.connect.bloq.cloud/x", "all"), ("https://BTC.connect.bloq.cloud:443/x", "all"), ("http://btc.connect.bloq.cloud", "all"),
        ("http://btc.connect.bloq.cloud:80/x", "421 misdirected"), ("http://other.example/x", "421 misdirected"),
        ("http://m.example/api", "money"), ("http://api.example:8443/api/x", "api"), ("http://api.example:8443/x", "404 no_route"),
        ("http://[2001:DB8::1]/six/x", "six"), ("http://localhost:8080/api", "api"),
    ])
    func `a request that names an upstream goes to its route`(target: String, expected: String) throws {
        #expect(try decide("GET \(target) HTTP/1.1|Host: whatever.example") == expected)
    }

    @Test(arguments: [
        "/api/../x", "/api/..", "/api/.", "/api/./x", "/api/%2e%2e/x", "/api/.%2E/x", "/api/..;a=b/x", "/api/%2e;/x", "/api/x%2f..%2fy",
        "/api/a%5c..%5cb", "/api/a/../..",
    ])
    func `a path that could leave its prefix is refused`(path: String) throws {
        #expect(try decide("GET \(path) HTTP/1.1|Host: localhost") == "400 bad_request")
    }

    @Test(arguments: ["/api/..a", "/api/a..", "/api/...", "/api/a;..", "/api/%252e%252e/x", "/api/.well-known/x", "/api?../x"])
    func `dots within a segment are no way out`(path: String) throws {
        #expect(try decide("GET \(path) HTTP/1.1|Host: localhost") == "api")
    }

    @Test func `dots are nobody's business where there is no prefix`() throws {
        #expect(try decide("GET /a/../b HTTP/1.1|Host: localhost") == "all")
    }

    @Test(arguments: [
        ("TRACE /", "405 method_refused"), ("CONNECT localhost:80", "405 method_refused"), ("POST /six/", "405 method_refused"),
        ("get /six/", "405 method_refused"), ("GET /six/", "six"), ("BREW /", "all"),
    ])
    func `methods are refused by name`(start: String, expected: String) throws {
        #expect(try decide("\(start) HTTP/1.1|Host: localhost") == expected)
    }

    /// The route's name, or the answer's status and code.
    private func decide(_ request: String) throws -> String {
        var bytes: [UInt8] = []
        for line in request.split(separator: "|") { bytes += Array("\(line)\r\n".utf8) }
        bytes += Array("\r\n".utf8)
        var head = RequestHead()
        #expect(try head.parse(bytes.span) == bytes.count)
        do throws(Router.Refusal) {
            let route = try router.decide(head, bytes.span)
            guard let answer = Router.refusal(head, bytes.span, by: route) else { return route.configuration.name }
            return "\(answer.status) \(answer.code.rawValue)"
        } catch {
            return "\(error.answer.status) \(error.answer.code.rawValue)"
        }
    }
}
