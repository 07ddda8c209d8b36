import Testing

@testable import Proxy

/// Who is let reach a listener, as the configuration says it.
@Suite struct ExposureTests {
    private static func configuration(_ listen: String, _ more: String) throws -> Configuration {
        let text = """
            { "routes": [{ "listen": "\(listen)", "exposed": true, "upstream": "https://a.example", "credential": "x"\(more) }],
              "credentials": { "x": { "type": "static", "token": { "env": "T" } } } }
            """
        return try Configuration.load(Array(text.utf8), file: "proxy.json")
    }

    private static let tls = #", "listenTLS": { "certificate": "/c.pem", "key": "/k.pem" }"#

    @Test(arguments: [("0.0.0.0:8443", "0.0.0.0:8443"), ("[::]:8443", "[::]:8443"), ("192.0.2.7:1", "192.0.2.7:1"), ("[2001:DB8::7]:1", "[2001:db8::7]:1")])
    func `an exposed route listens on any address`(text: String, address: String) throws {
        let listen = try Self.configuration(text, Self.tls).routes[0].listen
        #expect(listen.description == address)
        #expect(listen.isExposed)
    }

    @Test(arguments: ["127.0.0.1:1", "localhost:1", "[::1]:1", "unix:/run/a.sock", "127.9.9.9:1", "[::ffff:127.0.0.1]:1"])
    func `an address of loopback is not exposed, whatever the route says`(text: String) throws {
        let configuration = try Self.configuration(text, "")
        #expect(!configuration.routes[0].listen.isExposed)
        #expect(configuration.warnings.isEmpty)
    }

    @Test func `what listenTLS says is read`() throws {
        let more = #", "listenTLS": { "certificate": "/c.pem", "key": "/k.pem", "clientCA": "/a.pem", "minimumVersion": "1.3" }"#
        let tls = try #require(try Self.configuration("127.0.0.1:1", more).routes[0].listenTLS)
        #expect(tls.certificate == "/c.pem" && tls.key == "/k.pem" && tls.clientCA == "/a.pem" && tls.minimumVersion == .tls13)
    }

    @Test func `an exposed listener without TLS gives a warning, and one with TLS none`() throws {
        #expect(try Self.configuration("192.0.2.7:1", "").warnings.map(\.message) == [
            "every machine that reaches 192.0.2.7:1 can use the credential, and read what goes by, and browsers do not always "
                + #"tell it which page asks (no Sec-Fetch-Site without TLS); add "listenTLS""#
        ])
        #expect(try Self.configuration("192.0.2.7:1", Self.tls).warnings.isEmpty)
    }

    @Test func `a listener with one address is called by it, and one with all has to be told its names`() throws {
        #expect(try Self.configuration("192.0.2.7:1", Self.tls).routes[0].allow.hosts == ["localhost", "127.0.0.1", "[::1]", "192.0.2.7"])
        #expect(try Self.configuration("[2001:db8::7]:1", Self.tls).routes[0].allow.hosts.last == "[2001:db8::7]")
        let all = try Self.configuration("0.0.0.0:1", Self.tls)
        #expect(all.routes[0].allow.hosts == ["localhost", "127.0.0.1", "[::1]"])
        #expect(all.warnings.map(\.message) == [
            #"other machines are refused, since "allow.hosts" has the names of loopback alone; list the names by which they call this one"#
        ])
        #expect(try Self.configuration("0.0.0.0:1", Self.tls + #", "allow": { "hosts": ["proxy.example"] }"#).warnings.isEmpty)
        #expect(try Self.configuration("0.0.0.0:1", Self.tls + #", "host": "proxy.example", "allow": { "hosts": ["proxy.example"] }"#).warnings.isEmpty)
    }
}
