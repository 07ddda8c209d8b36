/// Every limit that this target holds its input to.
///
/// A message that passes one is refused with the error named; nothing here ever grows to fit.
public enum Limits {
    /// Bytes of a whole head, from its start line to its empty line. The 64 KiB of the buffers that heads are read
    /// into: a longer head could never be completed. Refused with 431.
    public static let headBytesMax = 65_536

    /// Field lines of one head. What browsers and gateways send stays below 60. Refused with 431.
    public static let fieldsMax = 100

    /// Bytes of a field name. The longest registered name has 44; this also bounds what is read again when a head
    /// comes in pieces. Refused with 431.
    public static let fieldNameBytesMax = 256

    /// Bytes of a method. The longest registered method has 17. Refused with 400.
    public static let methodBytesMax = 32

    /// Bytes of a request target: twice the 8,000 octets that RFC 9112 section 3 recommends. Refused with 414.
    public static let targetBytesMax = 16_384

    /// Digits of a Content-Length: 19 nines still fit no more than 64 bits, and what does not fit is refused with 400.
    public static let contentLengthDigitsMax = 19

    /// Members of all Connection fields of one head. Each is compared with each field line, so the product must stay
    /// small. Refused with 400.
    public static let connectionOptionsMax = 32

    /// Protocols in all Upgrade fields of one request. Clients offer one or two; the upgrades of a request that offers more
    /// are not forwarded.
    public static let upgradeProtocolsMax = 8

    /// Hexadecimal digits of a chunk size: 60 bits, which no addition of ours can overflow. Refused with 400.
    public static let chunkSizeDigitsMax = 15

    /// Bytes of the line that carries a chunk size, extensions and CRLF included. Refused with 400.
    public static let chunkLineBytesMax = 256

    /// Bytes of a whole trailer section, its empty line included: it stays in the buffer that it is received into until it is
    /// whole. Refused with 431.
    public static let trailerBytesMax = 8_192

    /// Bytes of payload of a WebSocket control frame (RFC 6455 section 5.5). A longer one is refused with 1002.
    public static let webSocketControlBytesMax = 125

    /// How many bytes one byte of gzip may become on average. Content that people send stays below 50; the format allows
    /// some 1,030. Beyond it the content is broken off.
    public static let inflationRatioMax = 256

    /// So many bytes of inflated content are given out before the ratio is looked at: small contents of one repeated byte
    /// are common and harmless.
    public static let inflationFreeBytes = 4 * 1_048_576

    /// Members of all Accept-Encoding fields of one request. Ten are known; a longer list is not looked through.
    static let acceptedCodingsMax = 32
}
