/// The value of a Set-Cookie field, taken apart at its semicolons, as a client of the proxy has to get it (RFC 6265 section 5.2).
struct PlainCookie {
    private struct Attribute {
        /// As it stands behind its semicolon.
        let text: [UInt8]

        var name: [UInt8] { Array(text.prefix { $0 != UInt8(ascii: "=") }).trimmed.lowercased }
        var value: [UInt8] { Array(text.dropFirst(text.firstIndex(of: UInt8(ascii: "=")).map { $0 + 1 } ?? text.count)).trimmed }
    }

    private let site: AddressCheck.Site
    private let pair: [UInt8]
    private let attributes: [Attribute]

    init(_ value: [UInt8], _ site: AddressCheck.Site) {
        self.site = site
        let pieces = value.pieces(separatedBy: ";")
        pair = pieces[0]
        attributes = pieces.dropFirst().map(Attribute.init)
    }

    var rewritten: [UInt8] {
        let lastPath = attributes.lastIndex { $0.name.isText("path") }
        return pair + attributes.enumerated().filter { isKept($0.element) }.flatMap { index, attribute in
            [UInt8(ascii: ";")] + (index == lastPath && movesPath ? withMovedPath(attribute) : attribute.text)
        }
    }

    private func last(_ name: String) -> [UInt8]? { attributes.last { $0.name.isText(name) && (name != "domain" || !self.domain($0).isEmpty) }?.value }

    private func isPromised(_ beginnings: [String]) -> Bool { beginnings.contains { pair.lowercased.starts(with: $0.utf8) } }

    private var movesPath: Bool { site.movesPaths && !isPromised(["__host-"]) }

    private func isKept(_ attribute: Attribute) -> Bool {
        let losesSecure = !site.isClientSecure && last("secure") != nil && !isPromised(["__host-", "__secure-", "__http-"])
        if attribute.name.isText("domain") { return !isForUpstream }
        if attribute.name.isText("secure") || attribute.name.isText("partitioned") { return !losesSecure }
        if attribute.name.isText("samesite") { return !(losesSecure && last("samesite")!.lowercased.isText("none")) }
        return true
    }

    private var isForUpstream: Bool {
        guard let attribute = attributes.last(where: { $0.name.isText("domain") && !self.domain($0).isEmpty }) else { return false }
        let domain = self.domain(attribute).lowercased
        if domain.isText(site.host) { return true }
        return site.isName && domain.contains(UInt8(ascii: ".")) && site.host.utf8.reversed().starts(with: ([UInt8(ascii: ".")] + domain).reversed())
    }

    /// Without quotation marks, and without one dot before it.
    private func domain(_ attribute: Attribute) -> [UInt8] {
        var domain = attribute.value
        if domain.count >= 2, domain.first == UInt8(ascii: "\""), domain.last == UInt8(ascii: "\"") { domain = Array(domain.dropFirst().dropLast()) }
        if domain.first == UInt8(ascii: ".") { domain.removeFirst() }
        return domain
    }

    /// What stands around the path stays.
    private func withMovedPath(_ attribute: Attribute) -> [UInt8] {
        guard let equals = attribute.text.firstIndex(of: UInt8(ascii: "=")) else { return attribute.text }
        let behind = Array(attribute.text[(equals + 1)...])
        let before = behind.prefix { $0 == 0x20 || $0 == 0x09 }
        let path = behind.trimmed
        return attribute.text[...equals] + before + moved(path) + behind.dropFirst(before.count + path.count)
    }

    private func moved(_ path: [UInt8]) -> [UInt8] {
        guard path.first == UInt8(ascii: "/") else { return path }
        let base = Array(site.base.utf8)
        let root = Array((site.prefix.isEmpty ? "/" : site.prefix).utf8)
        if base.isEmpty || path == base || path.starts(with: base + [UInt8(ascii: "/")]) {
            let rest = path.dropFirst(base.count)
            return rest.count < 2 ? root : Array(site.prefix.utf8) + rest
        }
        // One above the base path covers all of it (RFC 6265 section 5.1.4).
        return base.starts(with: path.last == UInt8(ascii: "/") ? path : path + [UInt8(ascii: "/")]) ? root : path
    }
}
