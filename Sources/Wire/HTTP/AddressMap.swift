/// Where an upstream's resources are for the clients of its proxy: a reference or a cookie that names the upstream
/// becomes one that names the address the client used.
///
///     https://api.example/v2/orders/7?a#b      upstream https://api.example/v2, prefix /shop
///     http://localhost:8080/shop/orders/7?a#b
///
/// What cannot be told to mean the upstream, or has no place at the proxy, stays as it is.
public struct AddressMap: Sendable {
    private let isSecure: Bool
    /// Lower case; an IPv6 address with its brackets.
    let host: [UInt8]
    private let port: UInt16
    /// Whether the host is a name, and so has parent domains.
    let isName: Bool
    /// Empty, or begins with a slash.
    let basePath: [UInt8]
    /// What stands in its place at the proxy: empty, or begins with a slash that is not all of it.
    let prefix: [UInt8]
    private let hidden: QueryFilter?
    /// Whether the client speaks TLS with the proxy: references to it say so, and what needs it stays in cookies.
    let isClientSecure: Bool

    /// - Parameters:
    ///   - isSecure: whether the upstream's scheme is https.
    ///   - host: the upstream's host; an IPv6 address with its brackets.
    ///   - basePath: the path below which the upstream's resources are: empty, or `/v2`, without a slash at its end.
    ///   - prefix: the path below which the client finds them: empty, or `/shop`.
    ///   - hidden: what leaves out of queries what the proxy has put into them, and the client is not to see.
    ///   - isClientSecure: whether the client reaches the proxy over TLS.
    public init(
        isSecure: Bool, host: String, port: UInt16, isName: Bool, basePath: String, prefix: String, hidden: QueryFilter? = nil,
        isClientSecure: Bool = false
    ) {
        self.isSecure = isSecure
        self.host = Array(host.utf8).map(\.lowercased)
        self.port = port
        self.isName = isName
        self.basePath = Array(basePath.utf8)
        self.prefix = Array(prefix.utf8)
        self.hidden = hidden
        self.isClientSecure = isClientSecure
        precondition(prefix != "/", "a prefix of one slash is none")
    }

    /// Bytes by which a reference can become longer for a client whose address has `addressCount` bytes. A cookie
    /// grows by no more.
    public func growthMax(addressCount: Int) -> Int { 8 + addressCount + prefix.count + 2 }

    /// Whether paths differ between client and upstream.
    var movesPaths: Bool { !basePath.isEmpty || !prefix.isEmpty }

    /// Whether a path is the base path, or goes on from it at a slash.
    func isBelowBase(_ path: Range<Int>, in bytes: Span<UInt8>) -> Bool {
        guard path.count >= basePath.count, bytes.equal(path.lowerBound, basePath) else { return false }
        let next = path.lowerBound + basePath.count
        return basePath.isEmpty || next == path.upperBound || bytes[next] == UInt8(ascii: "/")
    }

    private func isUpstream(_ authority: Authority, isSecure: Bool, in bytes: Span<UInt8>) -> Bool {
        guard authority.host.count == host.count else { return false }
        for index in 0..<host.count where bytes[authority.host.lowerBound + index].lowercased != host[index] { return false }
        if (authority.port ?? (isSecure ? 443 : 80)) == port { return true }
        // A server that does not know of the TLS in front of it calls itself http.
        return self.isSecure && !isSecure && port == 443 && authority.port ?? 80 == 80
    }
}

// MARK: references

extension AddressMap {
    private struct Found {
        var hasAuthority: Bool
        /// What follows the base path: the rest of the path, query and fragment.
        var rest: Range<Int>
    }

    /// Writes the value of a Location field (RFC 9110 section 10.2.2) as the client has to see it.
    ///
    /// A URL with the upstream's authority, also one that begins with `//`, gets the client's scheme and address; the base
    /// path is replaced by the prefix. Without an address it becomes a path. A path alone is treated likewise where
    /// paths differ at all. Everything else is copied: other hosts, user information, what is not below the base path,
    /// segments `.` and `..`, relative paths. But what is hidden is left out of the query of each of them.
    ///
    /// - Parameters:
    ///   - value: where the value stands in `bytes`.
    ///   - address: the authority that the client used; empty if that is not known.
    /// - Returns: false if there is no room; `output` may then hold a part.
    public func writeReference(
        _ value: Range<Int>, in bytes: Span<UInt8>, address: Span<UInt8>, into output: inout OutputSpan<UInt8>
    ) -> Bool {
        guard let found = find(value, in: bytes) else { return copy(value, in: bytes, into: &output) }
        if found.hasAuthority && !address.isEmpty {
            guard output.append(isClientSecure ? "https://" : "http://"), output.append(address, 0..<address.count) else { return false }
        } else if startsWithTwoSlashes(found.rest, in: bytes) {
            // Two slashes would begin an authority (RFC 3986 section 4.2).
            guard output.append("/.") else { return false }
        }
        guard output.append(prefix.span, 0..<prefix.count) else { return false }
        let startsWithSlash = !found.rest.isEmpty && bytes[found.rest.lowerBound] == UInt8(ascii: "/")
        if prefix.isEmpty && !startsWithSlash {
            guard output.append("/") else { return false }
        }
        return copy(found.rest, in: bytes, into: &output)
    }

    /// Copies a reference from its path, or from before it, to its end.
    private func copy(_ range: Range<Int>, in bytes: Span<UInt8>, into output: inout OutputSpan<UInt8>) -> Bool {
        let question = bytes.endOfPath(from: range.lowerBound, before: range.upperBound)
        guard let hidden, question < range.upperBound, bytes[question] == UInt8(ascii: "?") else { return output.append(bytes, range) }
        var end = question
        while end < range.upperBound, bytes[end] != UInt8(ascii: "#") { end += 1 }
        return output.append(bytes, range.lowerBound..<question)
            && hidden.write(bytes, question + 1..<end, isContinued: false, into: &output)
            && output.append(bytes, end..<range.upperBound)
    }

    /// Finds what the client has to see in another form; nil for what stays.
    private func find(_ value: Range<Int>, in bytes: Span<UInt8>) -> Found? {
        guard let (pathStart, hasAuthority) = pathStart(value, in: bytes) else { return nil }
        let path = pathStart..<bytes.endOfPath(from: pathStart, before: value.upperBound)
        guard isBelowBase(path, in: bytes) else { return nil }
        if movesPaths && PathSegments.haveDots(bytes, path) { return nil }
        return Found(hasAuthority: hasAuthority, rest: path.lowerBound + basePath.count..<value.upperBound)
    }

    private func pathStart(_ value: Range<Int>, in bytes: Span<UInt8>) -> (offset: Int, hasAuthority: Bool)? {
        var start = value.lowerBound
        var isSecure = self.isSecure
        if bytes.begins("http://", in: value) {
            start += 7
            isSecure = false
        } else if bytes.begins("https://", in: value) {
            start += 8
            isSecure = true
        } else if bytes.begins("//", in: value) {
            start += 2
        } else {
            return movesPaths && bytes.begins("/", in: value) ? (start, false) : nil
        }
        var end = start
        while end < value.upperBound, bytes[end] != UInt8(ascii: "/"), bytes[end] != UInt8(ascii: "?"),
            bytes[end] != UInt8(ascii: "#")
        {
            end += 1
        }
        guard let authority = Authority(bytes, in: start..<end), isUpstream(authority, isSecure: isSecure, in: bytes) else {
            return nil
        }
        return (end, true)
    }

    /// Browsers take a backslash for a slash.
    private func startsWithTwoSlashes(_ rest: Range<Int>, in bytes: Span<UInt8>) -> Bool {
        let second: UInt8
        if prefix.isEmpty {
            guard rest.count >= 2, bytes[rest.lowerBound] == UInt8(ascii: "/") else { return false }
            second = bytes[rest.lowerBound + 1]
        } else {
            second = prefix[1]
        }
        return second == UInt8(ascii: "/") || second == UInt8(ascii: "\\")
    }
}

extension Span where Element == UInt8 {
    /// Whether the bytes from `offset` on are these.
    func equal(_ offset: Int, _ wanted: [UInt8]) -> Bool {
        guard offset + wanted.count <= count else { return false }
        for index in wanted.indices where self[offset + index] != wanted[index] { return false }
        return true
    }

    /// The end of a path that begins at `start`: a question mark, a number sign, or `end`.
    func endOfPath(from start: Int, before end: Int) -> Int {
        var offset = start
        while offset < end, self[offset] != UInt8(ascii: "?"), self[offset] != UInt8(ascii: "#") { offset += 1 }
        return offset
    }
}

extension OutputSpan where Element == UInt8 {
    /// Appends a text. False, and nothing written, if there is no room.
    mutating func append(_ text: StaticString) -> Bool {
        guard text.utf8CodeUnitCount <= freeCapacity else { return false }
        for index in 0..<text.utf8CodeUnitCount { append(unsafe text.utf8Start[index]) }
        return true
    }
}
