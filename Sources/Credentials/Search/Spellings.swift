/// The forms in which a secret may stand in an answer that echoes it.
///
/// As it is; percent-encoded, as queries and forms have it; in strings of JSON and in HTML; in hexadecimal digits; and in base 64,
/// by itself or in the middle of something longer.
enum Spellings {
    /// Each form once. Forms of the same bytes, as most tokens have them, are one.
    static func all(of secret: Secret) -> [Secret] {
        var forms = [secret]
        addTexts(of: secret, to: &forms)
        add(percentEncoded(percentEncoded(secret)), to: &forms)
        for before in 0..<3 {
            for alphabet in Alphabet.allCases { add(base64(secret, before: before, alphabet), to: &forms) }
        }
        // However the padding of a base 64 is spelled, the rest says everything.
        if let trimmed = withoutPadding(secret) {
            add(trimmed, to: &forms)
            addTexts(of: trimmed, to: &forms)
        }
        return forms
    }

    private static func addTexts(of secret: Secret, to forms: inout [Secret]) {
        for escape in TextEscape.all { add(secret.written { escape.write($0, to: &$1) }, to: &forms) }
        for isUpper in [false, true] { add(secret.written { $1.appendHex($0, isUpper: isUpper) }, to: &forms) }
    }

    private static func add(_ form: Secret, to forms: inout [Secret]) {
        if !forms.contains(form) { forms.append(form) }
    }

    private static func percentEncoded(_ secret: Secret) -> Secret { secret.written { TextEscape.all[0].write($0, to: &$1) } }

    /// Nil where there is none.
    private static func withoutPadding(_ secret: Secret) -> Secret? {
        secret.withBytes { bytes in
            var count = bytes.count
            while count > 0, bytes[count - 1] == UInt8(ascii: "=") { count -= 1 }
            if count == bytes.count { return nil }
            return Secret(capacity: count) { output in
                for index in 0..<count { output.append(bytes[index]) }
            }
        }
    }

    /// The two of RFC 4648, sections 4 and 5.
    private enum Alphabet: CaseIterable {
        case standard, url

        func digit(_ value: UInt8) -> UInt8 {
            switch value {
            case 0..<26: UInt8(ascii: "A") + value
            case 26..<52: UInt8(ascii: "a") + value - 26
            case 52..<62: UInt8(ascii: "0") + value - 52
            case 62: self == .standard ? UInt8(ascii: "+") : UInt8(ascii: "-")
            default: self == .standard ? UInt8(ascii: "/") : UInt8(ascii: "_")
            }
        }
    }

    /// The digits that this secret alone decides, where so many bytes of its first group stand before it. The digit that it
    /// shares with what stands before it, and that with what stands behind it, are left out.
    private static func base64(_ secret: Secret, before: Int, _ alphabet: Alphabet) -> Secret {
        secret.withBytes { bytes in
            let bitCount = bytes.count * 8
            // Where in the secret a digit begins, in bits.
            var bit = (6 - before * 8 % 6) % 6
            return Secret(capacity: bitCount / 6) { output in
                while bit + 6 <= bitCount {
                    let byte = bit / 8
                    let pair = UInt16(bytes[byte]) << 8 | (byte + 1 < bytes.count ? UInt16(bytes[byte + 1]) : 0)
                    output.append(alphabet.digit(UInt8(pair >> UInt16(10 - bit % 8) & 63)))
                    bit += 6
                }
            }
        }
    }
}
