/// The few byte classes that credentials have to fit.
enum Grammar {
    /// VCHAR (RFC 5234 B.1): what a token may consist of, so that it ends neither a field value nor a query.
    static func isVisible(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x21...0x7E: true
        default: false
        }
    }

    /// RFC 3986 2.3.
    static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// CTL (RFC 5234 B.1), which RFC 7617 2 keeps out of user names and passwords.
    static func isControl(_ byte: UInt8) -> Bool {
        switch byte {
        case 0..<0x20, 0x7F: true
        default: false
        }
    }
}
