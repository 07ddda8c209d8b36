import Testing

@testable import Proxy

/// The small languages within the strings of the configuration.
@Suite struct ConfigurationTextTests {
    @Test(arguments: [
        ("1ms", .milliseconds(1)), ("500ms", .milliseconds(500)), ("30s", .seconds(30)), ("5m", .seconds(300)), ("1h", .seconds(3600)),
        ("0s", .zero), ("999999999h", .seconds(3_599_999_996_400)), ("", nil), ("5", nil), ("s", nil), ("5 s", nil), ("-5s", nil), ("+5s", nil),
        ("1.5s", nil), ("5S", nil), ("5sec", nil), ("1000000000s", nil), ("٣s", nil), ("1m30s", nil),
    ] as [(String, Duration?)])
    func `durations are whole numbers with a unit`(text: String, duration: Duration?) {
        #expect((try? Quantity.duration(text)) == duration)
    }

    @Test(arguments: [
        ("512B", 512), ("64KiB", 65_536), ("1MiB", 1_048_576), ("2GiB", 2_147_483_648), ("0B", 0), ("", nil), ("64", nil), ("64K", nil),
        ("64kib", nil), ("64KB", nil), ("-1B", nil), ("1.5MiB", nil), ("1000000000GiB", nil),
    ] as [(String, Int?)])
    func `sizes are whole numbers with a unit`(text: String, bytes: Int?) {
        #expect((try? Quantity.size(text)) == bytes)
    }

    @Test(arguments: [
        ("127.0.0.1:8080", .tcp(host: "127.0.0.1", port: 8080)), ("127.5.0.9:1", .tcp(host: "127.5.0.9", port: 1)),
        ("[::1]:8080", .tcp(host: "::1", port: 8080)), ("[0:0::0:1]:0", .tcp(host: "::1", port: 0)), ("LocalHost:65535", .localhost(port: 65535)),
        ("unix:/a", .unix(path: "/a", mode: nil, group: nil)), ("unix:/a?mode=600", .unix(path: "/a", mode: 0o600, group: nil)),
        ("unix:/a?group=100&mode=0666", .unix(path: "/a", mode: 0o666, group: "100")), ("unix:a", nil), ("unix:/a/", nil), ("unix:", nil),
        ("unix:/a?", nil), ("unix:/a?mode=1777", nil), ("unix:/a?mode=+660", nil), ("unix:/a?mode=660&mode=660", nil), ("unix:/a?group=", nil),
        ("127.0.0.1", nil), ("127.0.0.1:", nil), ("127.0.0.1:65536", nil), ("127.0.0.1:-1", nil), ("127.0.0.1:80 ", nil), ("127.1:80", nil),
        ("*:80", nil), ("[::]:80", nil), ("[::1]80", nil), ("[::1%lo]:80", nil), ("[127.0.0.1]:80", nil), ("localhost.:80", nil),
        ("127.0.0.1.example:80", nil), ("0x7f.0.0.1:80", nil), ("2130706433:80", nil),
    ] as [(String, ListenAddress?)])
    func `listeners are loopback addresses and Unix sockets`(text: String, address: ListenAddress?) {
        #expect((try? ListenAddress.parse(text)) == address)
    }

    @Test func `a Unix socket's path fits the kernel's address`() {
        #expect((try? ListenAddress.parse("unix:/" + String(repeating: "a", count: 106))) != nil)
        #expect((try? ListenAddress.parse("unix:/" + String(repeating: "a", count: 107))) == nil)
    }

    @Test(arguments: [
        ("https://a.example", "https a.example 443 a.example "), ("HTTPS://A.Example/", "https a.example 443 a.example "),
        ("https://a.example:8443/x/y/", "https a.example 8443 a.example:8443 /x/y"), ("https://a.example:443", "https a.example 443 a.example "),
        ("http://a.example:443", "http a.example 443 a.example:443 "), ("http://127.0.0.1", "http 127.0.0.1 80 127.0.0.1 "),
        ("https://[2001:DB8::0:1]/", "https 2001:db8::1 443 [2001:db8::1] "), ("https://my_service:1/%41", "https my_service 1 my_service:1 /%41"),
        ("a.example", nil), ("//a.example", nil), ("https:a.example", nil), ("https://", nil), ("https://:443", nil), ("https://a:b:c", nil),
        ("https://u@a.example", nil), ("https://a.example?x", nil), ("https://a.example#x", nil), ("https://a.example/..", nil),
        ("https://a.example/a b", nil), ("https://a.example\\@b", nil), ("https://a.example/%4", nil), ("https://a.example:", nil),
        ("https://a.example:+1", nil), ("https://a.example.", nil), ("https://2001:db8::1", nil), ("https://1.2.3.4.5", nil),
        ("https://a\u{0}.example", nil), ("https://a\r\n.example", nil), ("https://256.1.1.1", nil), ("https://\u{212A}.example", nil),
    ] as [(String, String?)])
    func `origins are scheme, host, port and base path`(text: String, parts: String?) {
        let origin = try? Origin.parse(text)
        #expect(origin.map { "\($0.scheme) \($0.host) \($0.port) \($0.authority) \($0.basePath)" } == parts)
    }

    @Test(arguments: [
        ("localhost", true), ("127.255.0.1", true), ("[::1]", true), ("[::ffff:127.0.0.1]", true), ("127.0.0.1.example", false),
        ("localhost.example", false), ("a.localhost", false), ("[::2]", false), ("10.0.0.1", false),
    ])
    func `loopback is what no other machine answers to`(text: String, isLoopback: Bool) throws {
        #expect(try HostName.parse(text).isLoopback == isLoopback)
    }

    @Test(arguments: [
        ("upstrem", "upstream"), ("Upstream", "upstream"), ("credentails", "credential"), ("lsiten", "listen"), ("tsl", "tls"), ("naem", "name"),
        ("x", nil), ("colour", nil), ("", nil),
    ] as [(String, String?)])
    func `a slip is answered with the word that was meant`(text: String, word: String?) {
        #expect(Suggestion.nearest(to: text, among: ["name", "listen", "upstream", "credential", "tls"]) == word)
    }

    @Test(arguments: [("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3), ("ab", "ba", 1), ("abcd", "acbd", 1), ("ca", "abc", 3)])
    func `the edit distance counts swaps of neighbours once`(from: String, to: String, distance: Int) {
        #expect(Suggestion.distance(from, to) == distance)
        #expect(Suggestion.distance(to, from) == distance)
    }
}
