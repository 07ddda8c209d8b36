import Testing
import Wire

/// A Set-Cookie of an upstream, and what the client has to read.
struct CookieVector: Sendable, CustomStringConvertible {
    let description: String
    let upstream: Upstream
    let cookie: String
    let expected: String

    init(_ name: String, _ cookie: String, _ expected: String? = nil) {
        self.init(name, .plain, cookie, expected)
    }

    init(_ name: String, _ upstream: Upstream, _ cookie: String, _ expected: String? = nil) {
        description = name
        self.upstream = upstream
        self.cookie = cookie
        self.expected = expected ?? cookie
    }
}

private let domains: [CookieVector] = [
    CookieVector("nothing to change", "a=1; Path=/; HttpOnly; Max-Age=60; Expires=Wed, 21 Oct 2015 07:28:00 GMT"),
    CookieVector("a name and a value", "a=1"),
    CookieVector("empty", ""),
    CookieVector("the upstream's host", "a=1; Domain=api.example.com; Path=/", "a=1; Path=/"),
    CookieVector("at the end", "a=1; Path=/; Domain=api.example.com", "a=1; Path=/"),
    CookieVector("alone", "a=1; Domain=api.example.com", "a=1"),
    CookieVector("with a dot before it", "a=1; Domain=.api.example.com", "a=1"),
    CookieVector("in any case", "a=1; dOMAIN=API.Example.com; path=/", "a=1; path=/"),
    CookieVector("in quotation marks", "a=1; Domain=\"api.example.com\"", "a=1"),
    CookieVector("in quotation marks, with a dot", "a=1; Domain=\".example.com\"", "a=1"),
    CookieVector("without spaces", "a=1;Domain=api.example.com;Path=/", "a=1;Path=/"),
    CookieVector("with spaces all around", "a=1 ;  Domain \t=  api.example.com  ; Path=/", "a=1 ; Path=/"),
    CookieVector("a parent domain", "a=1; Domain=example.com", "a=1"),
    CookieVector("a parent domain with a dot", "a=1; Domain=.example.com; HttpOnly", "a=1; HttpOnly"),
    CookieVector("a domain of one label", "a=1; Domain=com"),
    CookieVector("a domain that ends so, but not at a dot", "a=1; Domain=pi.example.com"),
    CookieVector("a domain below the upstream", "a=1; Domain=x.api.example.com"),
    CookieVector("a sibling", "a=1; Domain=www.example.com"),
    CookieVector("another domain", "a=1; Domain=evil.example; Path=/"),
    CookieVector("a domain with a port", "a=1; Domain=api.example.com:443"),
    CookieVector("an empty domain", "a=1; Domain=; Path=/"),
    CookieVector("a dot alone", "a=1; Domain=."),
    CookieVector("no equals sign", "a=1; Domain; Path=/"),
    CookieVector("several, all the upstream's", "a=1; Domain=api.example.com; x; Domain=example.com", "a=1; x"),
    CookieVector("several, the last another's", "a=1; Domain=api.example.com; Domain=evil.example"),
    CookieVector("several, the last the upstream's", "a=1; Domain=evil.example; Domain=api.example.com", "a=1"),
    CookieVector("several, the last empty", "a=1; Domain=api.example.com; Domain=", "a=1"),
    CookieVector("in the name", "Domain=api.example.com"),
    CookieVector("in the value, behind a semicolon in quotation marks", "a=\"1; Domain=api.example.com\"", "a=\"1; Domain=api.example.com\""),
    CookieVector("in another attribute", "a=1; X-Domain=api.example.com; Domains=api.example.com"),
    CookieVector("empty attributes", "a=1;; ;Domain=api.example.com;", "a=1;; ;"),
    CookieVector("an IPv4 address", .ipv4, "a=1; Domain=192.0.2.1", "a=1"),
    CookieVector("the end of an IPv4 address", .ipv4, "a=1; Domain=0.2.1"),
    CookieVector("an IPv6 address", .ipv6, "a=1; Domain=[2001:db8::1]", "a=1"),
]

private let secured: [CookieVector] = [
    CookieVector("Secure", "a=1; Secure; Path=/", "a=1; Path=/"),
    CookieVector("Secure in any case, without spaces", "a=1;secure;Path=/;SECURE", "a=1;Path=/"),
    CookieVector("Secure with a value", "a=1; Secure=true", "a=1"),
    CookieVector("Secure in a value", "Secure; HttpOnly", "Secure; HttpOnly"),
    CookieVector("Secure in the name", "secure=1; HttpOnly"),
    CookieVector("a longer word", "a=1; Secured; InSecure"),
    CookieVector("SameSite=None with Secure", "a=1; SameSite=None; Secure; HttpOnly", "a=1; HttpOnly"),
    CookieVector("SameSite=None in any case", "a=1;Secure;samesite = NONE", "a=1"),
    CookieVector("SameSite=None without Secure", "a=1; SameSite=None"),
    CookieVector("SameSite=Lax with Secure", "a=1; SameSite=Lax; Secure", "a=1; SameSite=Lax"),
    CookieVector("SameSite=Strict with Secure", "a=1; Secure; SameSite=Strict", "a=1; SameSite=Strict"),
    CookieVector("several SameSite, the last None", "a=1; SameSite=Strict; SameSite=None; Secure", "a=1"),
    CookieVector("several SameSite, the last Strict", "a=1; SameSite=None; SameSite=Strict; Secure", "a=1; SameSite=None; SameSite=Strict"),
    CookieVector("Partitioned, which is nothing without Secure", "a=1; Secure; Partitioned; Path=/", "a=1; Path=/"),
    CookieVector("Partitioned without Secure", "a=1; Partitioned"),
    CookieVector("__Secure-", "__Secure-a=1; Secure; SameSite=None; Path=/"),
    CookieVector("__Secure- in any case", "__sEcure-a=1; Secure; Path=/"),
    CookieVector("__Secure- and a domain", "__Secure-a=1; Secure; Domain=example.com", "__Secure-a=1; Secure"),
    CookieVector("__Host-", "__Host-a=1; Secure; Path=/; SameSite=None; Partitioned"),
    CookieVector("__Host- with a domain, which no client takes", "__Host-a=1; Secure; Path=/; Domain=evil.example"),
    CookieVector("__Http-", "__Http-a=1; Secure; HttpOnly"),
    CookieVector("a name that has it elsewhere", "a__Secure-=1; Secure", "a__Secure-=1"),
    CookieVector("everything", "a=1; Domain=example.com; Path=/; Secure; HttpOnly; SameSite=None; Max-Age=1", "a=1; Path=/; HttpOnly; Max-Age=1"),
]

private let moved: [CookieVector] = [
    CookieVector("below the base path", .base, "a=1; Path=/v2/x; HttpOnly", "a=1; Path=/x; HttpOnly"),
    CookieVector("the base path", .base, "a=1; Path=/v2", "a=1; Path=/"),
    CookieVector("the base path and a slash", .base, "a=1; path=/v2/", "a=1; path=/"),
    CookieVector("the root above the base path", .base, "a=1; Path=/"),
    CookieVector("beside the base path", .base, "a=1; Path=/v1"),
    CookieVector("a path that begins so", .base, "a=1; Path=/v20"),
    CookieVector("spaces around it", .base, "a=1; Path = /v2/x ;HttpOnly", "a=1; Path = /x ;HttpOnly"),
    CookieVector("no path", .base, "a=1; HttpOnly"),
    CookieVector("an empty path", .base, "a=1; Path=; HttpOnly"),
    CookieVector("an empty path at the end", .base, "a=1; Path="),
    CookieVector("no equals sign", .base, "a=1; Path"),
    CookieVector("a relative path", .base, "a=1; Path=v2/x"),
    CookieVector("quotation marks, which clients do not take off", .base, "a=1; Path=\"/v2/x\""),
    CookieVector("several, of which the last counts", .base, "a=1; Path=/v2/x; Path=/v2/y", "a=1; Path=/v2/x; Path=/y"),
    CookieVector("a prefix", .prefixed, "a=1; Path=/x", "a=1; Path=/shop/x"),
    CookieVector("a prefix and the root", .prefixed, "a=1; Path=/", "a=1; Path=/shop"),
    CookieVector("a prefix and a last slash", .prefixed, "a=1;Path=/x/", "a=1;Path=/shop/x/"),
    CookieVector("base path and prefix", .both, "a=1; Path=/v2/x", "a=1; Path=/shop/x"),
    CookieVector("base path and prefix, the base", .both, "a=1; Path=/v2", "a=1; Path=/shop"),
    CookieVector("base path and prefix, the root", .both, "a=1; Path=/", "a=1; Path=/shop"),
    CookieVector("base path and prefix, beside the base", .both, "a=1; Path=/x"),
    CookieVector("all at once", .both, "a=1;Secure;Domain=.example.com;Path=/v2/x;SameSite=None;HttpOnly", "a=1;Path=/shop/x;HttpOnly"),
    CookieVector(
        "all at once, for a client with TLS", .toSecureClient,
        "a=1;Secure;Domain=.example.com;Path=/v2/x;SameSite=None;Partitioned;HttpOnly",
        "a=1;Secure;Path=/shop/x;SameSite=None;Partitioned;HttpOnly"),
    CookieVector("__Host-, which has to have the root", .both, "__Host-a=1; Secure; Path=/"),
    CookieVector("__Secure-", .both, "__Secure-a=1; Secure; Path=/v2/x", "__Secure-a=1; Secure; Path=/shop/x"),
]

@Suite struct CookieTests {
    @Test(arguments: domains + secured + moved)
    func `a cookie for the upstream becomes one for the address that the client used`(_ vector: CookieVector) {
        let bytes = latin1("Set-Cookie: \(vector.cookie)\r\n")
        let value = 12..<bytes.count - 2
        let map = vector.upstream.map
        func write(_ count: Int) -> String? {
            var isWhole = false
            let written = [UInt8](capacity: count) { isWhole = map.writeCookie(value, in: bytes.span, into: &$0) }
            return isWhole ? latin1(written) : nil
        }
        #expect(write(value.count + map.growthMax(addressCount: 0)) == vector.expected)
        let count = vector.expected.unicodeScalars.count
        if count > 0 { #expect(write(count - 1) == nil) }
    }
}
