extension AddressMap {
    /// What the attributes of a cookie say together: of several of one name the last counts (RFC 6265 section 5.3).
    private struct Cookie {
        /// Its Domain is the upstream's host or a parent of it.
        var isForUpstream = false
        var isSecure = false
        var isSameSiteNone = false
        /// Where the value of its Path stands.
        var path: Range<Int>?
        /// The name promises that the cookie has Secure (RFC 6265bis section 4.1.3): without it, it would be refused.
        var promisesSecure = false
        /// The name promises Path=/ besides.
        var promisesRoot = false

        var losesSecure: Bool { isSecure && !promisesSecure }
    }

    /// Writes the value of a Set-Cookie field (RFC 6265 section 4.1) so that the client keeps the cookie for the proxy.
    ///
    /// Domain is left out where it names the upstream or a parent domain of it: the cookie then belongs to exactly the
    /// host that the client used. Path moves as references do. Where the client speaks to the proxy without
    /// TLS, Secure is left out, and what would not be accepted without it: SameSite=None, Partitioned; a cookie whose name
    /// begins with `__Host-` or `__Secure-` keeps them. Everything else is copied byte for byte.
    ///
    /// - Parameter value: where the value stands in `bytes`.
    /// - Returns: false if there is no room; `output` may then hold a part.
    public func writeCookie(
        _ value: Range<Int>, in bytes: Span<UInt8>, into output: inout OutputSpan<UInt8>
    ) -> Bool {
        let cookie = read(value, in: bytes)
        var start = value.lowerBound
        var isFirst = true
        while start < value.upperBound {
            // An attribute begins with the semicolon that stands before it.
            let end = bytes.endOfAttribute(from: isFirst ? start : start + 1, before: value.upperBound)
            let isKept = isFirst || keeps(Attribute(start + 1..<end, in: bytes), of: cookie, in: bytes)
            if isKept, let path = cookie.path, path.lowerBound > start, path.upperBound <= end {
                guard output.append(bytes, start..<path.lowerBound), writePath(path, in: bytes, into: &output),
                    output.append(bytes, path.upperBound..<end)
                else { return false }
            } else if isKept {
                guard output.append(bytes, start..<end) else { return false }
            }
            start = end
            isFirst = false
        }
        return true
    }

    private func read(_ value: Range<Int>, in bytes: Span<UInt8>) -> Cookie {
        var cookie = Cookie()
        cookie.promisesRoot = bytes.begins("__host-", in: value)
        cookie.promisesSecure = cookie.promisesRoot || bytes.begins("__secure-", in: value) || bytes.begins("__http-", in: value)
        var start = bytes.endOfAttribute(from: value.lowerBound, before: value.upperBound)
        while start < value.upperBound {
            let end = bytes.endOfAttribute(from: start + 1, before: value.upperBound)
            let attribute = Attribute(start + 1..<end, in: bytes)
            switch attribute.kind {
            case .domain:
                let domain = Self.domain(attribute.value, in: bytes)
                // One without a value is not looked at.
                if !domain.isEmpty { cookie.isForUpstream = isUpstreamOrParent(domain, in: bytes) }
            case .path: cookie.path = attribute.value
            case .secure: cookie.isSecure = true
            case .sameSite: cookie.isSameSiteNone = bytes.foldedEqual(attribute.value, "none")
            case .partitioned, .other: break
            }
            start = end
        }
        if !movesPaths || cookie.promisesRoot { cookie.path = nil }
        return cookie
    }

    private func keeps(_ attribute: Attribute, of cookie: Cookie, in bytes: Span<UInt8>) -> Bool {
        switch attribute.kind {
        case .domain: !cookie.isForUpstream
        case .secure, .partitioned: isClientSecure || !cookie.losesSecure
        case .sameSite: isClientSecure || !(cookie.losesSecure && cookie.isSameSiteNone)
        case .path, .other: true
        }
    }

    /// The domain without what clients ignore: a dot before it, and quotation marks.
    private static func domain(_ value: Range<Int>, in bytes: Span<UInt8>) -> Range<Int> {
        var domain = value
        if domain.count >= 2, bytes[domain.lowerBound] == UInt8(ascii: "\""), bytes[domain.upperBound - 1] == UInt8(ascii: "\"") {
            domain = domain.lowerBound + 1..<domain.upperBound - 1
        }
        if !domain.isEmpty, bytes[domain.lowerBound] == UInt8(ascii: ".") { domain = domain.lowerBound + 1..<domain.upperBound }
        return domain
    }

    /// RFC 6265 section 5.1.3: the same, or the end of it behind a dot. An address has no parents, and a domain of one
    /// label is nobody's: clients refuse a cookie for it.
    private func isUpstreamOrParent(_ domain: Range<Int>, in bytes: Span<UInt8>) -> Bool {
        let start = host.count - domain.count
        guard start >= 0 else { return false }
        var hasDot = false
        for index in 0..<domain.count {
            let byte = bytes[domain.lowerBound + index].lowercased
            guard byte == host[start + index] else { return false }
            if byte == UInt8(ascii: ".") { hasDot = true }
        }
        return start == 0 || isName && hasDot && host[start - 1] == UInt8(ascii: ".")
    }

    /// Where the client finds what is below a path of the upstream. One above the base path covers all of it.
    private func writePath(_ path: Range<Int>, in bytes: Span<UInt8>, into output: inout OutputSpan<UInt8>) -> Bool {
        guard !path.isEmpty, bytes[path.lowerBound] == UInt8(ascii: "/") else { return output.append(bytes, path) }
        var rest = path.upperBound..<path.upperBound
        if isBelowBase(path, in: bytes) {
            rest = path.lowerBound + basePath.count..<path.upperBound
        } else if !coversBase(path, in: bytes) {
            return output.append(bytes, path)
        }
        // The prefix alone is the root, with a slash behind it and without.
        let isRoot = rest.isEmpty || rest.count == 1
        if isRoot { return prefix.isEmpty ? output.append("/") : output.append(prefix.span, 0..<prefix.count) }
        return output.append(prefix.span, 0..<prefix.count) && output.append(bytes, rest)
    }

    /// RFC 6265 section 5.1.4, for the base path.
    private func coversBase(_ path: Range<Int>, in bytes: Span<UInt8>) -> Bool {
        guard path.count <= basePath.count else { return false }
        for index in 0..<path.count where bytes[path.lowerBound + index] != basePath[index] { return false }
        return bytes[path.upperBound - 1] == UInt8(ascii: "/") || path.count == basePath.count
            || basePath[path.count] == UInt8(ascii: "/")
    }
}

/// An attribute of a cookie: what stands between two semicolons.
private struct Attribute {
    enum Kind {
        case domain, path, secure, sameSite, partitioned, other
    }

    let kind: Kind
    /// Behind the equals sign, without white space around it; empty if there is none.
    let value: Range<Int>

    init(_ range: Range<Int>, in bytes: Span<UInt8>) {
        var equals = range.lowerBound
        while equals < range.upperBound, bytes[equals] != UInt8(ascii: "=") { equals += 1 }
        let name = bytes.trimmed(range.lowerBound..<equals)
        value = equals < range.upperBound ? bytes.trimmed(equals + 1..<range.upperBound) : range.upperBound..<range.upperBound
        kind = switch name.count {
        case 4: bytes.foldedEqual(name, "path") ? .path : .other
        case 6: bytes.foldedEqual(name, "domain") ? .domain : bytes.foldedEqual(name, "secure") ? .secure : .other
        case 8: bytes.foldedEqual(name, "samesite") ? .sameSite : .other
        case 11: bytes.foldedEqual(name, "partitioned") ? .partitioned : .other
        default: .other
        }
    }
}

extension Span where Element == UInt8 {
    /// The next semicolon from `start` on, or `end`. Quotation marks do not hide one (RFC 6265 section 5.2).
    func endOfAttribute(from start: Int, before end: Int) -> Int {
        var offset = start
        while offset < end, self[offset] != UInt8(ascii: ";") { offset += 1 }
        return offset
    }
}
