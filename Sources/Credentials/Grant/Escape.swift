/// How bytes are written so that they mean themselves where they stand.
enum Escape {
    /// As they are.
    case none
    /// Within the quotation marks of a JSON string (RFC 8259 7). The bytes have to be UTF-8.
    case json
    /// Within a path segment or a query (RFC 3986, 3.3 and 3.4): all but the unreserved characters percent-encoded.
    case percent
    /// As `application/x-www-form-urlencoded` (RFC 6749 B): as `percent`, but a space is a plus sign.
    case form
    /// Standard base 64 with padding (RFC 4648 4).
    case base64

    func byteCount(of bytes: Span<UInt8>) -> Int {
        if case .base64 = self { return (bytes.count + 2) / 3 * 4 }
        var count = 0
        for index in bytes.indices { count += width(of: bytes[index]) }
        return count
    }

    /// Needs room for `byteCount`.
    func append(_ bytes: Span<UInt8>, to output: inout OutputSpan<UInt8>) {
        if case .base64 = self {
            appendBase64(bytes, to: &output)
        } else {
            for index in bytes.indices { append(bytes[index], to: &output) }
        }
    }

    private func width(of byte: UInt8) -> Int {
        switch self {
        case .none, .base64: 1
        case .json:
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): 2
            case 0..<0x20: 6
            default: 1
            }
        case .percent: Grammar.isUnreserved(byte) ? 1 : 3
        case .form: Grammar.isUnreserved(byte) || byte == UInt8(ascii: " ") ? 1 : 3
        }
    }

    private func append(_ byte: UInt8, to output: inout OutputSpan<UInt8>) {
        switch (self, width(of: byte)) {
        case (.json, 2):
            output.append(UInt8(ascii: "\\"))
            output.append(byte)
        case (.json, 6):
            for character in "\\u00".utf8 { output.append(character) }
            appendHexadecimal(byte, to: &output)
        case (_, 3):
            output.append(UInt8(ascii: "%"))
            appendHexadecimal(byte, to: &output)
        case (.form, 1) where byte == UInt8(ascii: " "):
            output.append(UInt8(ascii: "+"))
        default:
            output.append(byte)
        }
    }

    private func appendHexadecimal(_ byte: UInt8, to output: inout OutputSpan<UInt8>) {
        for digit in [byte >> 4, byte & 0xF] {
            output.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10)
        }
    }

    private func appendBase64(_ bytes: Span<UInt8>, to output: inout OutputSpan<UInt8>) {
        var index = 0
        while index < bytes.count {
            let groupCount = min(3, bytes.count - index)
            var bits: UInt32 = 0
            for place in 0..<3 { bits = bits << 8 | (place < groupCount ? UInt32(bytes[index + place]) : 0) }
            for place in 0..<4 {
                let isDigit = place <= groupCount
                output.append(isDigit ? Self.base64Digit(UInt8(bits >> (18 - 6 * UInt32(place)) & 63)) : UInt8(ascii: "="))
            }
            index += 3
        }
    }

    private static func base64Digit(_ value: UInt8) -> UInt8 {
        switch value {
        case 0..<26: UInt8(ascii: "A") + value
        case 26..<52: UInt8(ascii: "a") + value - 26
        case 52..<62: UInt8(ascii: "0") + value - 52
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }
}
