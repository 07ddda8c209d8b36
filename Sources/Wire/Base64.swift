/// The standard base 64 encoding (RFC 4648 4), with padding: Basic credentials and pins.
public enum Base64 {
    public static func encode(_ bytes: [UInt8]) -> String {
        coding.encode(bytes)
    }

    /// The bytes; nil for anything but the one encoding of them: wrong alphabet, missing or wrong padding, white space,
    /// and bits left over that are not zero.
    public static func decode(_ text: String) -> [UInt8]? {
        coding.decode(Array(text.utf8))
    }

    /// As for a `String`.
    public static func decode(_ text: [UInt8]) -> [UInt8]? {
        coding.decode(text)
    }

    private static let coding = Base64Coding(last: UInt8(ascii: "+"), UInt8(ascii: "/"), isPadded: true)
}
