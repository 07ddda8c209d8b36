/// A field that the proxy adds to every request of a route.
public struct Injection: Sendable, Equatable {
    /// One part of the field's value.
    public enum Piece: Sendable, Equatable {
        /// Visible ASCII and spaces.
        case literal([UInt8])
        /// The credential's current token; base64(username:password) for `basic`.
        case token
        /// The credential's customer.
        case customerId
    }

    /// The field's name as it is sent.
    public let name: String
    /// The field's value; neither begins nor ends with a space.
    public let value: [Piece]

    static let bearer = Injection(name: "Authorization", value: [.literal(Array("Bearer ".utf8)), .token])
    static let basic = Injection(name: "Authorization", value: [.literal(Array("Basic ".utf8)), .token])
    static let customer = Injection(name: "customerId", value: [.customerId])

    /// What a route adds that says nothing itself.
    static func standard(for kind: Credential.Kind) -> [Injection] {
        switch kind {
        case .fixed: [bearer]
        case .calls(let service): service.customerId == nil ? [bearer] : [bearer, customer]
        case .basic: [basic]
        }
    }

    /// The name as it is compared: field names know no case, and many servers read `_` as `-`.
    static func comparable(_ name: String) -> String {
        String(name.lowercased().map { $0 == "_" ? "-" : $0 })
    }

    /// field-name (RFC 9110 5.1), other than those that the proxy answers for itself.
    static func parse(name: String) throws(Malformed) -> String {
        guard isToken(name) else {
            throw Malformed("\(quoted(name)) is no field name; write one such as \"Authorization\"")
        }
        guard !ownNames.contains(comparable(name)) else {
            throw Malformed("\(quoted(name)) is a field that the proxy writes itself; it cannot be injected")
        }
        return name
    }

    /// Text with `{token}` and `{customerId}` in it. The messages never repeat it: a secret may have been written there.
    static func parse(value: String) throws(Malformed) -> [Piece] {
        guard value.utf8.allSatisfy({ (0x20...0x7E).contains($0) }), !value.isEmpty, !value.hasPrefix(" "), !value.hasSuffix(" ") else {
            throw Malformed("a field's value has visible ASCII characters, and spaces within; write one such as \"Bearer {token}\"")
        }
        var pieces: [Piece] = []
        var rest = value[...]
        while let open = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            guard rest[open] == "{", let close = rest[open...].firstIndex(of: "}") else {
                throw Malformed("a brace stands alone; write \"{token}\" or \"{customerId}\"")
            }
            if open > rest.startIndex { pieces.append(.literal(Array(rest[..<open].utf8))) }
            switch rest[rest.index(after: open)..<close] {
            case "token": pieces.append(.token)
            case "customerId": pieces.append(.customerId)
            default: throw Malformed("what stands in braces is unknown; write \"{token}\" or \"{customerId}\"")
            }
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { pieces.append(.literal(Array(rest.utf8))) }
        return pieces
    }

    /// token (RFC 9110 5.6.2)
    static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    /// Framing, routing and connection fields: a second one would make the request mean something else.
    static let ownNames: Set<String> = [
        "host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "keep-alive", "proxy-connection",
        "expect", "via", "x-request-id",
    ]
}
