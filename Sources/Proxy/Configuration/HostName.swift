internal import Glibc

/// The host of a URL, of a Host field or of an address to listen on: a DNS name, an IPv4 or an IPv6 address.
struct HostName: Hashable {
    enum Kind {
        case name
        case ipv4
        case ipv6
    }

    /// Lower case; addresses in their canonical form, IPv6 without brackets.
    let name: String
    let kind: Kind

    /// As it stands before a port: IPv6 in brackets.
    var authorityText: String {
        kind == .ipv6 ? "[\(name)]" : name
    }

    /// Whether only this machine answers to it.
    var isLoopback: Bool {
        switch kind {
        case .name: name == "localhost"
        case .ipv4: name.hasPrefix("127.")
        case .ipv6: name == "::1" || name.hasPrefix("::ffff:127.")
        }
    }

    /// Whether it is no host's address, but stands for all or for none.
    var isUnspecified: Bool {
        switch kind {
        case .name: false
        case .ipv4: name == "0.0.0.0"
        case .ipv6: name == "::" || name == "::ffff:0.0.0.0"
        }
    }

    /// A name, an IPv4 address or an IPv6 address in brackets.
    static func parse(_ text: String) throws(Malformed) -> HostName {
        if text.hasPrefix("[") && text.hasSuffix("]") {
            let inner = String(text.dropFirst().dropLast())
            guard let address = canonical(inner, AF_INET6, INET6_ADDRSTRLEN) else {
                throw Malformed("\(quoted(inner)) is no IPv6 address")
            }
            return HostName(name: address, kind: .ipv6)
        }
        if canonical(text, AF_INET6, INET6_ADDRSTRLEN) != nil {
            throw Malformed("an IPv6 address stands in brackets; write \(quoted("[\(text)]"))")
        }
        if let address = canonical(text, AF_INET, INET_ADDRSTRLEN) {
            return HostName(name: address, kind: .ipv4)
        }
        // Before the case is changed: a Kelvin sign would become a k.
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else {
            throw Malformed("\(quoted(text)) has letters outside ASCII; write its \"xn--\" form")
        }
        let name = text.lowercased()
        try check(name: name)
        return HostName(name: name, kind: .name)
    }

    /// Takes `host:port`, `[v6]:port` or a host alone apart.
    static func split(_ text: String) throws(Malformed) -> (host: String, port: String?) {
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else {
                throw Malformed("a port and nothing else may stand behind the brackets of an IPv6 address")
            }
            return (String(text[...end]), rest.isEmpty ? nil : String(rest.dropFirst()))
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return (text, nil) }
        guard !parts[1].contains(":") else {
            throw Malformed("an IPv6 address stands in brackets, such as \"[::1]:8080\"")
        }
        return (String(parts[0]), String(parts[1]))
    }

    static func port(_ text: String, in range: ClosedRange<Int>) throws(Malformed) -> UInt16 {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw Malformed("\(quoted(text)) is no port; write a number from \(range.lowerBound) to \(range.upperBound)")
        }
        guard let number = Int(text), range.contains(number) else {
            throw Malformed("port \(text.prefix(12)) is outside \(range.lowerBound) to \(range.upperBound)")
        }
        return UInt16(number)
    }

    /// Letters, digits, `-` and `_` in labels of 1 to 63 (RFC 1123 2.1; `_` as container networks have it), 253 in all.
    private static func check(name: String) throws(Malformed) {
        guard !name.isEmpty else { throw Malformed("the host is missing") }
        guard name.utf8.count <= 253 else { throw Malformed("a host name has at most 253 characters, not \(name.utf8.count)") }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        for label in labels {
            guard (1...63).contains(label.utf8.count), label.utf8.allSatisfy(isNameByte) else {
                throw Malformed("\(quoted(name)) is no host name; it has letters, digits and \"-\", and single dots within")
            }
        }
        // Resolvers read 127.1 and 0x7f.1 as addresses, each in its own way.
        if let last = labels.last?.utf8, last.first.map(isDigit) == true, last.allSatisfy(isDigit) || last.starts(with: "0x".utf8) {
            throw Malformed("\(quoted(name)) is no IPv4 address; it has four numbers from 0 to 255")
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: isDigit(byte)
        }
    }

    /// The one way that glibc writes the address; nil if it is none of the family.
    private static func canonical(_ text: String, _ family: Int32, _ length: Int32) -> String? {
        guard text.utf8.allSatisfy({ $0 != 0 }) else { return nil }
        var address = in6_addr()
        var buffer = [CChar](repeating: 0, count: Int(length))
        guard inet_pton(family, text, &address) == 1, inet_ntop(family, &address, &buffer, socklen_t(length)) != nil else {
            return nil
        }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
