/// The forms in which a secret may stand in an answer that echoes it.
///
/// As it is; percent-encoded, as queries have it; in a JSON string whose slashes are escaped; and in base 64, by itself or in
/// the middle of something longer.
enum Spellings {
    /// Each form once. Forms of the same bytes, as most tokens have them, are one.
    static func all(of secret: Secret) -> [Secret] {
        var forms = [secret]
        for form in Percent.allCases { add(form.encoded(secret), to: &forms) }
        add(Percent.upperCase.encoded(Percent.upperCase.encoded(secret)), to: &forms)
        add(withEscapedSlashes(secret), to: &forms)
        for before in 0..<3 {
            for alphabet in Alphabet.allCases { add(base64(secret, before: before, alphabet), to: &forms) }
        }
        return forms
    }

    private static func add(_ form: Secret, to forms: inout [Secret]) {
        if !forms.contains(form) { forms.append(form) }
    }

    /// How encoders differ (RFC 3986, section 2).
    private enum Percent: CaseIterable {
        case upperCase, lowerCase
        /// In a path, `/` stands for itself, and many encode queries with the same function.
        case withSlashes

        func encoded(_ secret: Secret) -> Secret {
            secret.withBytes { bytes in
                Secret(capacity: bytes.count * 3) { output in
                    for index in bytes.indices { append(bytes[index], to: &output) }
                }
            }
        }

        private func append(_ byte: UInt8, to output: inout OutputSpan<UInt8>) {
            if Grammar.isUnreserved(byte) || self == .withSlashes && byte == UInt8(ascii: "/") {
                output.append(byte)
            } else {
                output.append(UInt8(ascii: "%"))
                output.append(digit(byte >> 4))
                output.append(digit(byte & 0xF))
            }
        }

        private func digit(_ value: UInt8) -> UInt8 {
            if value < 10 { return UInt8(ascii: "0") + value }
            return (self == .lowerCase ? UInt8(ascii: "a") : UInt8(ascii: "A")) + value - 10
        }
    }

    /// As some writers of JSON have it (RFC 8259, section 7): `\/`.
    private static func withEscapedSlashes(_ secret: Secret) -> Secret {
        secret.withBytes { bytes in
            Secret(capacity: bytes.count * 2) { output in
                for index in bytes.indices {
                    if bytes[index] == UInt8(ascii: "/") { output.append(UInt8(ascii: "\\")) }
                    output.append(bytes[index])
                }
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
