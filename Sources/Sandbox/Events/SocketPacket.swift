internal import Wire

/// A packet of Socket.IO 2: one digit for its kind, a namespace other than `/` with a comma, the number of the
/// acknowledgement that is asked for or given, and JSON.
///
///     2["subscribe","inv"]      24["subscribe","inv"]      34[]      0/other,      44"Invalid namespace"
struct SocketPacket {
    enum Kind: UInt8 {
        case connect, disconnect, event, acknowledgement, error
    }

    let kind: Kind
    let namespace: String
    /// As digits.
    let acknowledgement: String?
    let data: JSON?

    /// Nil for what is malformed, and for the two binary kinds.
    init?(_ text: [UInt8]) {
        guard let digit = text.first, digit >= UInt8(ascii: "0"), let kind = Kind(rawValue: digit - UInt8(ascii: "0")) else {
            return nil
        }
        self.kind = kind
        var rest = text.dropFirst()
        var namespace = "/"
        if rest.first == UInt8(ascii: "/") {
            let end = rest.firstIndex(of: UInt8(ascii: ",")) ?? rest.endIndex
            // A namespace may come with a query, which is not part of its name.
            namespace = String(decoding: rest[..<end].prefix { $0 != UInt8(ascii: "?") }, as: UTF8.self)
            rest = rest[end...].dropFirst()
        }
        self.namespace = namespace
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard digits.count <= Limits.acknowledgementDigitsMax else { return nil }
        acknowledgement = digits.isEmpty ? nil : String(decoding: digits, as: UTF8.self)
        rest = rest[digits.endIndex...]
        if rest.isEmpty {
            data = nil
        } else {
            guard let json = try? JSON.parse(Array(rest)) else { return nil }
            data = json
        }
    }

    /// The name of an event and what comes with it; nil for what is none.
    var event: (name: String, arguments: [JSON])? {
        guard kind == .event, let elements = data?.array, let name = elements.first?.string else { return nil }
        return (name, Array(elements.dropFirst()))
    }

    /// The text of a packet of the namespace `/`.
    static func text(_ kind: Kind, acknowledgement: String = "", _ data: JSONDocument? = nil) -> [UInt8] {
        [UInt8(ascii: "0") + kind.rawValue] + Array(acknowledgement.utf8) + (data?.bytes ?? [])
    }

    static func event(_ name: String, _ argument: JSONDocument) -> [UInt8] {
        text(.event, .array([.string(name), argument]))
    }
}
