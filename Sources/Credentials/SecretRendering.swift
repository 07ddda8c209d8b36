/// The writing of secrets into secrets, so that no rendered form of one stands in a `String`.
///
/// Each method needs the room that its `…BytesMax` tells.
extension OutputSpan<UInt8> {
    mutating func appendText(_ text: String) {
        for byte in text.utf8 { append(byte) }
    }

    mutating func appendBytes(of secret: Secret) {
        secret.withBytes { bytes in
            for index in 0..<bytes.count { append(bytes[index]) }
        }
    }

    /// As a JSON string (RFC 8259 7), quotation marks included. The secret has to be UTF-8.
    mutating func appendJSONString(_ secret: Secret) {
        append(UInt8(ascii: "\""))
        secret.withBytes { bytes in
            for index in 0..<bytes.count { appendJSONCharacter(bytes[index]) }
        }
        append(UInt8(ascii: "\""))
    }

    static func jsonStringBytesMax(_ secret: Secret) -> Int { secret.count * 6 + 2 }

    /// As a path segment (RFC 3986 3.3): all but the unreserved characters percent-encoded.
    mutating func appendPathSegment(_ secret: Secret) {
        secret.withBytes { bytes in
            for index in 0..<bytes.count {
                let byte = bytes[index]
                if Grammar.isUnreserved(byte) {
                    append(byte)
                } else {
                    append(UInt8(ascii: "%"))
                    appendHexadecimal(byte)
                }
            }
        }
    }

    static func pathSegmentBytesMax(_ secret: Secret) -> Int { secret.count * 3 }

    private mutating func appendJSONCharacter(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            append(UInt8(ascii: "\\"))
            append(byte)
        case 0..<0x20:
            appendText("\\u00")
            appendHexadecimal(byte)
        default:
            append(byte)
        }
    }

    private mutating func appendHexadecimal(_ byte: UInt8) {
        for digit in [byte >> 4, byte & 0xF] {
            append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10)
        }
    }
}
