/// A URL or a path, taken apart, as a client of the proxy has to see it (RFC 3986 section 4.2).
struct PlainReference {
    private let site: AddressCheck.Site
    private let value: [UInt8]
    /// What the scheme says, where there is an authority; `//` alone has the upstream's.
    private var isSecure: Bool?
    private var authority: [UInt8] = []
    private var path: [UInt8] = []
    /// With the question mark, and with what follows a number sign.
    private var query: [UInt8] = []
    private var fragment: [UInt8] = []

    init(_ value: [UInt8], _ site: AddressCheck.Site) {
        self.site = site
        self.value = value
        var rest = value[...]
        let beginnings = [("http://", false), ("https://", true), ("//", site.isSecure)]
        if let (beginning, isSecure) = beginnings.first(where: { value.lowercased.starts(with: $0.0.utf8) }) {
            self.isSecure = isSecure
            rest = rest.dropFirst(beginning.utf8.count)
            authority = Array(rest.prefix { !"/?#".utf8.contains($0) })
            rest = rest.dropFirst(authority.count)
        }
        fragment = Array(rest.drop { $0 != UInt8(ascii: "#") })
        rest = rest.dropLast(fragment.count)
        query = Array(rest.drop { $0 != UInt8(ascii: "?") })
        path = Array(rest.dropLast(query.count))
    }

    func rewritten(address: String) -> [UInt8] {
        guard isOfUpstream else { return value.prefix(value.count - query.count - fragment.count) + shownQuery + fragment }
        var moved = Array(site.prefix.utf8) + path.dropFirst(site.base.utf8.count)
        if moved.isEmpty { moved = [UInt8(ascii: "/")] }
        if isSecure != nil, !address.isEmpty {
            moved = Array((site.isClientSecure ? "https://" : "http://").utf8) + address.utf8 + moved
        } else if moved.starts(with: "//".utf8) || moved.starts(with: "/\\".utf8) {
            moved = Array("/.".utf8) + moved
        }
        return moved + shownQuery + fragment
    }

    private var isOfUpstream: Bool {
        if isSecure != nil {
            guard isAuthorityOfUpstream else { return false }
        } else {
            guard site.movesPaths, path.first == UInt8(ascii: "/") else { return false }
        }
        let isBelow = site.base.isEmpty || path.isText(site.base) || path.starts(with: "\(site.base)/".utf8)
        return isBelow && !(site.movesPaths && PlainPath.hasDots(path))
    }

    private var isAuthorityOfUpstream: Bool {
        guard let isSecure, let named = PlainAuthority(authority), named.host.lowercased.isText(site.host) else { return false }
        if (named.port ?? (isSecure ? 443 : 80)) == site.port { return true }
        // A server that does not know of the TLS in front of it.
        return !isSecure && site.isSecure && site.port == 443 && (named.port ?? 80) == 80
    }

    private var shownQuery: [UInt8] {
        guard site.hides, !query.isEmpty else { return query }
        return PlainQuery(Array(query.dropFirst()), name: Array("token".utf8)).rest(isContinued: false)
    }
}
