import Wire

/// `AddressMap`: references and cookies that name the upstream, as `PlainReference` and `PlainCookie` rewrite them.
///
/// The first byte of the input chooses the proxy that they go through; what follows is the value of a field.
enum AddressCheck {
    /// An upstream and its place at the proxy, in words.
    struct Site {
        var isSecure = true
        var host = "api.example.com"
        var port: UInt16 = 443
        var base = ""
        var prefix = ""
        var hides = false
        var isClientSecure = false

        var isName: Bool { !host.hasPrefix("[") && host.contains { $0.isLetter } }
        var movesPaths: Bool { base != "" || prefix != "" }

        var map: AddressMap {
            AddressMap(
                isSecure: isSecure, host: host, port: port, isName: isName, basePath: base, prefix: prefix,
                hidden: hides ? QueryFilter(removing: "token") : nil, isClientSecure: isClientSecure)
        }
    }

    private static let sites = [
        Site(), Site(base: "/v2"), Site(prefix: "/shop"), Site(base: "/v2", prefix: "/shop", hides: true),
        Site(base: "/a/b", prefix: "/c", isClientSecure: true), Site(isSecure: false, host: "[::1]", port: 8_080, base: "/v2"),
        Site(isSecure: false, host: "10.0.0.1", port: 80, prefix: "/shop"), Site(port: 8_443, hides: true, isClientSecure: true),
    ]

    static func run(_ bytes: [UInt8]) throws(Disagreement) {
        let site = sites[Int(bytes.first ?? 0) % sites.count]
        let value = Array(bytes.dropFirst()).trimmed
        // A head with others is refused before.
        guard value.allSatisfy(\.isValueByte) else { return }
        for address in ["", "localhost:8080"] {
            try compare(site, value, address, PlainReference(value, site).rewritten(address: address), "the reference") { output in
                let address = Array(address.utf8)
                return site.map.writeReference(0..<value.count, in: value.span, address: address.span, into: &output)
            }
        }
        try compare(site, value, "", PlainCookie(value, site).rewritten, "the cookie") { output in
            site.map.writeCookie(0..<value.count, in: value.span, into: &output)
        }
    }

    /// It comes to the same, and grows by no more than is promised.
    private static func compare(
        _ site: Site, _ value: [UInt8], _ address: String, _ plain: [UInt8], _ what: String, _ write: (inout OutputSpan<UInt8>) -> Bool
    ) throws(Disagreement) {
        var fits = false
        let written = [UInt8](capacity: value.count + site.map.growthMax(addressCount: address.utf8.count)) { fits = write(&$0) }
        let name = "\(what) \(String(decoding: value, as: UTF8.self).debugDescription) at \(site)"
        try Disagreement.unless(fits, "\(name) has no room in what it may grow to")
        try Disagreement.unless(written, is: plain, name)
    }
}
