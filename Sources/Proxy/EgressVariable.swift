internal import Credentials

/// What `HTTPS_PROXY` says: `http://user:password@proxy.example:3128`, of which only the host has to be there.
struct EgressVariable {
    let endpoint: Endpoint
    /// Percent-decoded; without a password it is empty.
    let credentials: (username: Secret, password: Secret)?

    /// No message repeats what stands before an `@`.
    init(_ bytes: [UInt8]) throws(Malformed) {
        guard let mark = bytes.lastIndex(of: UInt8(ascii: "@")) else {
            endpoint = try Self.endpoint(bytes[...])
            credentials = nil
            return
        }
        let start = Self.endOfScheme(bytes[..<mark])
        endpoint = try Self.endpoint(bytes[..<start] + bytes[(mark + 1)...])
        let colon = bytes[start..<mark].firstIndex(of: UInt8(ascii: ":")) ?? mark
        credentials = (
            Secret(try Self.decoded(bytes[start..<colon])), Secret(try Self.decoded(bytes[min(colon + 1, mark)..<mark]))
        )
    }

    private static func endpoint(_ bytes: ArraySlice<UInt8>) throws(Malformed) -> Endpoint {
        try EgressProxySettings.endpoint(String(decoding: bytes, as: UTF8.self), isSchemeOptional: true)
    }

    /// Where the user name begins: behind a scheme and `://`, if they are there. A password may have `://` in it, too.
    private static func endOfScheme(_ bytes: ArraySlice<UInt8>) -> Int {
        let mark = Array("://".utf8)
        let end = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
        return bytes[end...].starts(with: mark) ? end + mark.count : bytes.startIndex
    }

    private static func decoded(_ bytes: ArraySlice<UInt8>) throws(Malformed) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            if bytes[index] == UInt8(ascii: "%") {
                guard index + 2 < bytes.endIndex, let high = digit(bytes[index + 1]), let low = digit(bytes[index + 2]) else {
                    throw Malformed("the user name or password has a \"%\" without two hexadecimal digits; write %25 for the sign itself")
                }
                result.append(high << 4 | low)
                index += 3
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return result
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
