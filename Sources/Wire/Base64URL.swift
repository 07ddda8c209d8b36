/// The encoding for URLs and file names (RFC 4648 5) without padding, as JWS has it (RFC 7515 2).
public enum Base64URL {
    public static func encode(_ bytes: [UInt8]) -> String {
        coding.encode(bytes)
    }

    /// The bytes; nil for anything but the one encoding of them: wrong alphabet, padding, white space, an impossible
    /// length, and bits left over that are not zero.
    public static func decode(_ text: String) -> [UInt8]? {
        coding.decode(Array(text.utf8))
    }

    /// As for a `String`.
    public static func decode(_ text: [UInt8]) -> [UInt8]? {
        coding.decode(text)
    }

    private static let coding = Base64Coding(last: UInt8(ascii: "-"), UInt8(ascii: "_"), isPadded: false)
}
