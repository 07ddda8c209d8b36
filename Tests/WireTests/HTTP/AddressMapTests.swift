import Testing
import Wire

/// An upstream, what its Location says, and what the client has to read.
struct ReferenceVector: Sendable, CustomStringConvertible {
    let description: String
    let upstream: Upstream
    let location: String
    let expected: String
    let address: String

    init(_ name: String, _ location: String, _ expected: String? = nil, address: String = "localhost:8080") {
        self.init(name, .plain, location, expected, address: address)
    }

    init(_ name: String, _ upstream: Upstream, _ location: String, _ expected: String? = nil, address: String = "localhost:8080") {
        description = name
        self.upstream = upstream
        self.location = location
        self.expected = expected ?? location
        self.address = address
    }
}

/// Where the upstream is, and what the proxy does with paths.
enum Upstream {
    case plain, base, prefixed, both, otherPort, http, ipv6, ipv4
    /// Its clients speak TLS with the proxy.
    case toSecureClient

    var map: AddressMap {
        switch self {
        case .plain: AddressMap(isSecure: true, host: "api.example.com", port: 443, isName: true, basePath: "", prefix: "")
        case .base: AddressMap(isSecure: true, host: "api.example.com", port: 443, isName: true, basePath: "/v2", prefix: "")
        case .prefixed: AddressMap(isSecure: true, host: "api.example.com", port: 443, isName: true, basePath: "", prefix: "/shop")
        case .both: AddressMap(isSecure: true, host: "api.example.com", port: 443, isName: true, basePath: "/v2", prefix: "/shop")
        case .otherPort: AddressMap(isSecure: true, host: "api.example.com", port: 8443, isName: true, basePath: "", prefix: "")
        case .http: AddressMap(isSecure: false, host: "api.example.com", port: 80, isName: true, basePath: "", prefix: "")
        case .ipv6: AddressMap(isSecure: true, host: "[2001:db8::1]", port: 443, isName: false, basePath: "", prefix: "")
        case .toSecureClient:
            AddressMap(
                isSecure: true, host: "api.example.com", port: 443, isName: true, basePath: "/v2", prefix: "/shop", isClientSecure: true)
        case .ipv4: AddressMap(isSecure: true, host: "192.0.2.1", port: 443, isName: false, basePath: "", prefix: "")
        }
    }
}

private let authorities: [ReferenceVector] = [
    ReferenceVector("a URL of the upstream", "https://api.example.com/a/b?c=d#e", "http://localhost:8080/a/b?c=d#e"),
    ReferenceVector("for a client with TLS", .toSecureClient, "https://api.example.com/v2/a?b", "https://localhost:8080/shop/a?b"),
    ReferenceVector("plain http, for a client with TLS", .toSecureClient, "http://api.example.com/v2", "https://localhost:8080/shop"),
    ReferenceVector("another host, for a client with TLS", .toSecureClient, "http://www.example.com/v2"),
    ReferenceVector("without a path", "https://api.example.com", "http://localhost:8080/"),
    ReferenceVector("with a query alone", "https://api.example.com?a", "http://localhost:8080/?a"),
    ReferenceVector("with a fragment alone", "https://api.example.com#a", "http://localhost:8080/#a"),
    ReferenceVector("in any case", "HTTPS://API.Example.COM/A", "http://localhost:8080/A"),
    ReferenceVector("with its own port", "https://api.example.com:443/a", "http://localhost:8080/a"),
    ReferenceVector("with an empty port", "https://api.example.com:/a", "http://localhost:8080/a"),
    ReferenceVector("with leading zeros in the port", "https://api.example.com:00443/a", "http://localhost:8080/a"),
    ReferenceVector("with another port", "https://api.example.com:8443/a"),
    ReferenceVector("without a scheme", "//api.example.com/a", "http://localhost:8080/a"),
    ReferenceVector("without a scheme, with a port", "//api.example.com:443/a", "http://localhost:8080/a"),
    ReferenceVector("without a scheme, of another", "//evil.example/a"),
    ReferenceVector("plain http, as a server behind TLS says", "http://api.example.com/a", "http://localhost:8080/a"),
    ReferenceVector("plain http with its port", "http://api.example.com:80/a", "http://localhost:8080/a"),
    ReferenceVector("plain http on the port of https", "http://api.example.com:443/a", "http://localhost:8080/a"),
    ReferenceVector("https on the port of http", "https://api.example.com:80/a"),
    ReferenceVector("another host", "https://www.example.com/a"),
    ReferenceVector("a host that begins so", "https://api.example.com.evil.example/a"),
    ReferenceVector("a host that ends so", "https://xapi.example.com/a"),
    ReferenceVector("a name with its last dot", "https://api.example.com./a"),
    ReferenceVector("user information", "https://user@api.example.com/a"),
    ReferenceVector("user and password", "https://user:word@api.example.com:443/a"),
    ReferenceVector("the upstream as user information", "https://api.example.com@evil.example/a"),
    ReferenceVector("the upstream as user information, with a port", "https://api.example.com:443@evil.example/a"),
    ReferenceVector("the upstream in the path", "https://evil.example/https://api.example.com/"),
    ReferenceVector("the upstream in the query", "https://evil.example?https://api.example.com/"),
    ReferenceVector("a backslash in the authority", "https://api.example.com\\@evil.example/a"),
    ReferenceVector("backslashes for slashes", "https:\\\\api.example.com/a"),
    ReferenceVector("one slash", "https:/api.example.com/a"),
    ReferenceVector("no slash", "https:api.example.com/a"),
    ReferenceVector("another scheme", "ftp://api.example.com/a"),
    ReferenceVector("no host", "https:///a"),
    ReferenceVector("a port that is none", "https://api.example.com:4x3/a"),
    ReferenceVector("a port that is too large", "https://api.example.com:65979/a"),
    ReferenceVector("a host in percent-encoding", "https://api%2Eexample.com/a"),
    ReferenceVector("a space within", "https://api.example.com /a"),
    ReferenceVector("empty", ""),
    ReferenceVector("a relative path", "b/c"),
    ReferenceVector("a climbing path", "../c"),
    ReferenceVector("a query", "?a=b"),
    ReferenceVector("a path", "/a/b"),
    ReferenceVector("dots, which no path is moved by", "https://api.example.com/a/../b", "http://localhost:8080/a/../b"),
    ReferenceVector("two slashes in the path", "https://api.example.com//evil.example/a", "http://localhost:8080//evil.example/a"),
    ReferenceVector("bytes beyond ASCII", "https://api.example.com/\u{E4}", "http://localhost:8080/\u{E4}"),
    ReferenceVector("for a client that named the upstream", "https://api.example.com/a", "http://api.example.com/a", address: "api.example.com"),
    ReferenceVector("for a client with IPv6", "https://api.example.com/a", "http://[::1]:8080/a", address: "[::1]:8080"),
    ReferenceVector("for a client that named nothing", "https://api.example.com/a?b#c", "/a?b#c", address: ""),
    ReferenceVector("for a client that named nothing, without a path", "https://api.example.com", "/", address: ""),
    ReferenceVector("for a client that named nothing, with a query alone", "https://api.example.com?a", "/?a", address: ""),
    ReferenceVector("for a client that named nothing, two slashes", "https://api.example.com//evil.example/", "/.//evil.example/", address: ""),
    ReferenceVector("for a client that named nothing, slash and backslash", "https://api.example.com/\\evil.example/", "/./\\evil.example/", address: ""),
    ReferenceVector("for a client that named nothing, another host", "https://www.example.com/a", address: ""),
    ReferenceVector("an upstream's own port", .otherPort, "https://api.example.com:8443/a", "http://localhost:8080/a"),
    ReferenceVector("no port where the upstream has its own", .otherPort, "https://api.example.com/a"),
    ReferenceVector("no port and no TLS where the upstream has its own", .otherPort, "http://api.example.com/a"),
    ReferenceVector("no scheme, and an upstream's own port", .otherPort, "//api.example.com:8443/a", "http://localhost:8080/a"),
    ReferenceVector("no scheme, and no port where the upstream has its own", .otherPort, "//api.example.com/a"),
    ReferenceVector("plain http with the upstream's own port", .otherPort, "http://api.example.com:8443/a", "http://localhost:8080/a"),
    ReferenceVector("an upstream without TLS", .http, "http://api.example.com/a", "http://localhost:8080/a"),
    ReferenceVector("an upstream without TLS that asks for it", .http, "https://api.example.com/a"),
    ReferenceVector("an upstream without TLS and a scheme", .http, "//api.example.com/a", "http://localhost:8080/a"),
    ReferenceVector("an IPv6 address", .ipv6, "https://[2001:DB8::1]/a", "http://localhost:8080/a"),
    ReferenceVector("an IPv6 address and its port", .ipv6, "https://[2001:db8::1]:443/a", "http://localhost:8080/a"),
    ReferenceVector("another IPv6 address", .ipv6, "https://[2001:db8::2]/a"),
    ReferenceVector("an IPv6 address with another port", .ipv6, "https://[2001:db8::1]:444/a"),
    ReferenceVector("an IPv6 address without its brackets", .ipv6, "https://2001:db8::1/a"),
    ReferenceVector("an IPv4 address", .ipv4, "https://192.0.2.1:443/a", "http://localhost:8080/a"),
]

private let paths: [ReferenceVector] = [
    ReferenceVector("below the base path", .base, "https://api.example.com/v2/a?b", "http://localhost:8080/a?b"),
    ReferenceVector("the base path", .base, "https://api.example.com/v2", "http://localhost:8080/"),
    ReferenceVector("the base path and a slash", .base, "https://api.example.com/v2/", "http://localhost:8080/"),
    ReferenceVector("the base path and a query", .base, "https://api.example.com/v2?a", "http://localhost:8080/?a"),
    ReferenceVector("the base path and a fragment", .base, "https://api.example.com/v2#a", "http://localhost:8080/#a"),
    ReferenceVector("beside the base path", .base, "https://api.example.com/v1/a"),
    ReferenceVector("a path that begins so", .base, "https://api.example.com/v20/a"),
    ReferenceVector("the base path in another case", .base, "https://api.example.com/V2/a"),
    ReferenceVector("above the base path", .base, "https://api.example.com/"),
    ReferenceVector("no path above the base path", .base, "https://api.example.com"),
    ReferenceVector("out of the base path", .base, "https://api.example.com/v2/../admin"),
    ReferenceVector("out of the base path in percent-encoding", .base, "https://api.example.com/v2/%2e%2E/admin"),
    ReferenceVector("dots in the query", .base, "https://api.example.com/v2/a?b=/../c", "http://localhost:8080/a?b=/../c"),
    ReferenceVector("a path alone", .base, "/v2/a", "/a"),
    ReferenceVector("the base path alone", .base, "/v2", "/"),
    ReferenceVector("a path alone beside the base path", .base, "/v1/a"),
    ReferenceVector("a relative path", .base, "v2/a"),
    ReferenceVector("two slashes behind the base path", .base, "/v2//evil.example/a", "/.//evil.example/a"),
    ReferenceVector("slash and backslash behind the base path", .base, "/v2/\\evil.example/a", "/./\\evil.example/a"),
    ReferenceVector("two slashes behind the base path of a URL", .base, "https://api.example.com/v2//a", "http://localhost:8080//a"),
    ReferenceVector("the base path behind an authority without a scheme", .base, "//api.example.com/v2/a", "http://localhost:8080/a"),
    ReferenceVector("a prefix", .prefixed, "https://api.example.com/a", "http://localhost:8080/shop/a"),
    ReferenceVector("a prefix and no path", .prefixed, "https://api.example.com", "http://localhost:8080/shop"),
    ReferenceVector("a prefix and a query", .prefixed, "https://api.example.com?a", "http://localhost:8080/shop?a"),
    ReferenceVector("a prefix and the root", .prefixed, "https://api.example.com/", "http://localhost:8080/shop/"),
    ReferenceVector("a prefix before a path alone", .prefixed, "/a", "/shop/a"),
    ReferenceVector("a prefix before a path that has it", .prefixed, "/shop/a", "/shop/shop/a"),
    ReferenceVector("a prefix and an authority alone", .prefixed, "//evil.example/a"),
    ReferenceVector("a prefix and a relative path", .prefixed, "a"),
    ReferenceVector("a prefix and dots", .prefixed, "/a/../../b"),
    ReferenceVector("a prefix and two slashes", .prefixed, "https://api.example.com//a", "http://localhost:8080/shop//a"),
    ReferenceVector("a prefix for a client that named nothing", .prefixed, "https://api.example.com//a", "/shop//a", address: ""),
    ReferenceVector("base path and prefix", .both, "https://api.example.com/v2/a", "http://localhost:8080/shop/a"),
    ReferenceVector("base path and prefix, the base alone", .both, "/v2", "/shop"),
    ReferenceVector("base path and prefix, beside the base", .both, "/a"),
]

private func write(_ count: Int, _ body: (inout OutputSpan<UInt8>) -> Bool) -> String? {
    var isWhole = false
    let bytes = [UInt8](capacity: count) { isWhole = body(&$0) }
    return isWhole ? latin1(bytes) : nil
}

@Suite struct AddressMapTests {
    @Test(arguments: authorities + paths)
    func `a reference to the upstream becomes one to the address that the client used`(_ vector: ReferenceVector) {
        let bytes = latin1("Location: \(vector.location)\r\n")
        let value = 10..<bytes.count - 2
        let map = vector.upstream.map
        let address = latin1(vector.address)
        let growth = map.growthMax(addressCount: address.count)
        let written = write(value.count + growth) { map.writeReference(value, in: bytes.span, address: address.span, into: &$0) }
        #expect(written == vector.expected)
        // One byte less is no room.
        let count = vector.expected.unicodeScalars.count
        guard count > 0 else { return }
        #expect(write(count - 1) { map.writeReference(value, in: bytes.span, address: address.span, into: &$0) } == nil)
    }
}
