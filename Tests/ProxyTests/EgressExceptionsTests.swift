import Testing

@testable import Proxy

/// `NO_PROXY`: which origins an entry stands for, and which it does not.
@Suite struct EgressExceptionsTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let inside: [String]
        let outside: [String]

        init(_ text: String, inside: [String], outside: [String]) {
            self.text = text
            self.inside = inside
            self.outside = outside
        }

        var testDescription: String { text }
    }

    static let cases = [
        Case("", inside: [], outside: ["a.example", "10.0.0.1", "::1"]),
        Case("*", inside: ["a.example", "10.0.0.1", "fd00::1"], outside: []),
        Case("corp.example", inside: ["corp.example", "a.corp.example", "a.b.corp.example", "corp.example."], outside: ["xcorp.example", "example", "corp.example.com"]),
        Case(".corp.example", inside: ["corp.example", "a.corp.example"], outside: ["xcorp.example"]),
        Case("*.Corp.Example.", inside: ["corp.example", "a.corp.example"], outside: ["xcorp.example", "corp.exampl"]),
        Case("corp.example:8443", inside: ["corp.example:8443", "a.corp.example:8443"], outside: ["corp.example", "corp.example:443"]),
        Case("a.example , b.example\tc.example,,", inside: ["a.example", "b.example", "c.example"], outside: ["d.example"]),
        Case("10.0.0.1", inside: ["10.0.0.1", "::ffff:10.0.0.1"], outside: ["10.0.0.11", "10.0.0.1.example", "110.0.0.1"]),
        Case("10.0.0.1:8443", inside: ["10.0.0.1:8443"], outside: ["10.0.0.1"]),
        Case("10.0.0.0/8", inside: ["10.0.0.1", "10.255.255.255"], outside: ["11.0.0.1", "9.255.255.255", "10.example", "a.example"]),
        Case("192.168.7.0/23", inside: ["192.168.6.1", "192.168.7.255"], outside: ["192.168.8.0", "192.168.5.255"]),
        Case("10.0.0.1/32", inside: ["10.0.0.1"], outside: ["10.0.0.2"]),
        Case("0.0.0.0/0", inside: ["1.2.3.4"], outside: ["fd00::1", "a.example"]),
        Case("::/0", inside: ["1.2.3.4", "fd00::1"], outside: ["a.example"]),
        Case("fd00::/8,2001:db8::5", inside: ["fd12::9", "2001:db8::5"], outside: ["fe00::1", "2001:db8::6"]),
        Case("[2001:db8::5]:444,[2001:db8::6]", inside: ["[2001:db8::5]:444", "2001:db8::6"], outside: ["2001:db8::5"]),
        Case("2001:db8::/65", inside: ["2001:db8::7fff:0:0:0"], outside: ["2001:db8::8000:0:0:0"]),
    ]

    @Test(arguments: cases)
    func `an entry stands for what it names, and for nothing else`(value: Case) throws {
        let exceptions = EgressExceptions(value.text)
        #expect(exceptions.unknown == [])
        for (origins, isInside) in [(value.inside, true), (value.outside, false)] {
            for origin in origins { #expect(try Self.contains(exceptions, origin) == isInside, "\(origin)") }
        }
    }

    @Test(arguments: ["10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "fd00::/129", "a.example/8", "a.example:0", "a.example:99999", "a*b.example", "10.0.0.1/+8", "http://a.example", "a_b..example", ":443", "10.1"])
    func `what is neither name nor address is told, and stands for nothing`(entry: String) throws {
        let exceptions = EgressExceptions("\(entry),b.example")
        #expect(exceptions.unknown == [entry])
        #expect(exceptions.contains(host: "b.example", port: 443))
        #expect(!exceptions.contains(host: "a.example", port: 443) && !exceptions.contains(host: "10.0.0.1", port: 443))
    }

    /// `host`, `host:port`, or `[v6]:port`.
    private static func contains(_ exceptions: EgressExceptions, _ origin: String) throws -> Bool {
        let isBare = origin.split(separator: ":", omittingEmptySubsequences: false).count > 2 && !origin.hasPrefix("[")
        let (host, port) = isBare ? (origin, nil) : try HostName.split(origin)
        let plain = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        return exceptions.contains(host: plain, port: port.flatMap { UInt16($0) } ?? 443)
    }
}
