/// How a kind of writer puts text into a query, a JSON string or an HTML page: which bytes it does not leave as they are, and
/// what it writes for them. Writers differ, so there are several of each kind.
struct TextEscape {
    /// Percent-encoding the bytes of a URL (RFC 3986, section 2), a character of JSON (RFC 8259, section 7), one of HTML.
    private enum Kind {
        case percent, json, html
    }

    private let kind: Kind
    /// Of percent-encoding, those that stay as they are besides letters and digits; of the others, those that do not.
    private let characters: StaticString
    /// Of the digits.
    private var isUpper = false
    /// A space in a form is `+`.
    private var isForm = false

    static let all = [
        TextEscape(kind: .percent, characters: "-._~", isUpper: true),
        TextEscape(kind: .percent, characters: "-._~"),
        // In a path, `/` stands for itself, and many encode queries with the same function.
        TextEscape(kind: .percent, characters: "-._~/", isUpper: true),
        // JavaScript's encodeURIComponent, and its URLSearchParams; what encodes a form elsewhere; what is older than RFC 3986.
        TextEscape(kind: .percent, characters: "-._~!'()*", isUpper: true),
        TextEscape(kind: .percent, characters: "-._*", isUpper: true, isForm: true),
        TextEscape(kind: .percent, characters: "-._~", isUpper: true, isForm: true),
        TextEscape(kind: .percent, characters: "-._", isUpper: true),
        // All but letters and digits, as in Lua and Rust: each JWT has two dots.
        TextEscape(kind: .percent, characters: "", isUpper: true),
        TextEscape(kind: .percent, characters: ""),
        // What every writer escapes; with the slashes of PHP; for HTML, as Go, Java and .NET do it; and all that can be.
        TextEscape(kind: .json, characters: ""),
        TextEscape(kind: .json, characters: "/"),
        TextEscape(kind: .json, characters: "<>&"),
        TextEscape(kind: .json, characters: "<>&='"),
        TextEscape(kind: .json, characters: "<>&+'\"`", isUpper: true),
        TextEscape(kind: .json, characters: "+/=<>&'\"`"),
        TextEscape(kind: .json, characters: "+/=<>&'\"`", isUpper: true),
        // By name; by decimal number, as Go does it; by hexadecimal number, as JavaScript's templates do it.
        TextEscape(kind: .html, characters: "<>&"),
        TextEscape(kind: .html, characters: "<>&\""),
        TextEscape(kind: .html, characters: "<>&\"'+", isForm: true),
        TextEscape(kind: .html, characters: "<>&\"'"),
        TextEscape(kind: .html, characters: "<>&\"'", isUpper: true),
        TextEscape(kind: .html, characters: "<>&\"'/`=", isUpper: true),
        TextEscape(kind: .html, characters: "<>&\"'`=", isUpper: true),
    ]

    func write(_ byte: UInt8, to output: inout OutputSpan<UInt8>) {
        switch kind {
        case .percent: writePercent(byte, to: &output)
        case .json: writeJSON(byte, to: &output)
        case .html: writeHTML(byte, to: &output)
        }
    }

    private func writePercent(_ byte: UInt8, to output: inout OutputSpan<UInt8>) {
        if isForm, byte == UInt8(ascii: " ") {
            output.append(UInt8(ascii: "+"))
        } else if Self.isAlphanumeric(byte) || isListed(byte) {
            output.append(byte)
        } else {
            output.append(UInt8(ascii: "%"))
            output.appendHex(byte, isUpper: isUpper)
        }
    }

    private func writeJSON(_ byte: UInt8, to output: inout OutputSpan<UInt8>) {
        let isSlash = byte == UInt8(ascii: "/")
        if isListed(byte), !isSlash {
            output.append("\\u00")
            output.appendHex(byte, isUpper: isUpper)
        } else {
            if isListed(byte) || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { output.append("\\") }
            output.append(byte)
        }
    }

    /// Names are those of XML, but for the apostrophe, which HTML did not have.
    private func writeHTML(_ byte: UInt8, to output: inout OutputSpan<UInt8>) {
        guard isListed(byte) else { return output.append(byte) }
        switch byte {
        case UInt8(ascii: "&"): output.append("&amp;")
        case UInt8(ascii: "<"): output.append("&lt;")
        case UInt8(ascii: ">"): output.append("&gt;")
        case UInt8(ascii: "\"") where !isForm: output.append("&quot;")
        case UInt8(ascii: "'") where !isUpper: output.append("&#39;")
        case UInt8(ascii: "\""): output.append("&#34;")
        case UInt8(ascii: "+"): output.append("&#43;")
        default:
            output.append("&#x")
            output.appendHex(byte, isUpper: isUpper)
            output.append(";")
        }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }

    private func isListed(_ byte: UInt8) -> Bool {
        characters.withUTF8Buffer { unsafe $0.contains(byte) }
    }
}

extension Secret {
    /// With what `write` makes of each byte: at most six bytes.
    func written(_ write: (UInt8, inout OutputSpan<UInt8>) -> Void) -> Secret {
        withBytes { bytes in
            Secret(capacity: bytes.count * 6) { output in
                for index in bytes.indices { write(bytes[index], &output) }
            }
        }
    }
}

extension OutputSpan where Element == UInt8 {
    mutating func appendHex(_ byte: UInt8, isUpper: Bool) {
        for value in [byte >> 4, byte & 0xF] {
            let letters = isUpper ? UInt8(ascii: "A") : UInt8(ascii: "a")
            append(value < 10 ? UInt8(ascii: "0") + value : letters + value - 10)
        }
    }

    fileprivate mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { bytes in
            for index in bytes.indices { append(unsafe bytes[index]) }
        }
    }
}
