/// A field name of 2 to 19 bytes in lower case, as up to three words that cover it, the last two overlapping.
///
///     content-length          first = "content-", last = "t-length"
///     proxy-authorization     first = "proxy-au", middle = "thorizat", last = "ization" and the byte before
///
/// Setting bit 5 of every byte folds the letters, leaves `-` and the digits, and lets no other byte that may stand in a
/// field value become one of them.
struct FoldedName: Equatable {
    private var first: UInt64
    private var middle: UInt64 = 0
    private var last: UInt64 = 0

    @inline(__always)
    init(_ bytes: Span<UInt8>, at start: Int, count: Int) {
        let fold: UInt64 = 0x2020_2020_2020_2020
        guard count >= 8 else {
            let used: UInt64 = (1 << UInt64(truncatingIfNeeded: count &* 8)) &- 1
            first = bytes.shortWord(at: start, count: count) | (fold & used)
            return
        }
        first = bytes.word(at: start) | fold
        last = bytes.word(at: start &+ count &- 8) | fold
        if count > 16 { middle = bytes.word(at: start &+ 8) | fold }
    }

    /// The name that a literal spells in lower case.
    @inline(__always)
    init(_ text: StaticString) {
        let count = text.utf8CodeUnitCount
        first = literal(text, from: 0, count: min(count, 8))
        if count >= 8 { last = literal(text, from: count - 8, count: 8) }
        if count > 16 { middle = literal(text, from: 8, count: 8) }
    }

    mutating func replaceUnderscores() {
        first = Self.hyphensForUnderscores(first)
        middle = Self.hyphensForUnderscores(middle)
        last = Self.hyphensForUnderscores(last)
    }

    /// The known name of `count` bytes that this is.
    @inline(__always)
    func classified(count: Int) -> FieldName {
        switch count {
        case 2: self == FoldedName("te") ? .te : .other
        case 3: self == FoldedName("via") ? .via : .other
        case 4: fourLetters
        case 6: sixLetters
        case 7: sevenLetters
        case 8: self == FoldedName("location") ? .location : .other
        case 10: tenLetters
        case 11: self == FoldedName("retry-after") ? .retryAfter : .other
        case 12:
            self == FoldedName("content-type")
                ? .contentType : self == FoldedName("x-request-id") ? .xRequestID : .other
        case 13: self == FoldedName("authorization") ? .authorization : .other
        case 14: fourteenLetters
        case 15: self == FoldedName("accept-encoding") ? .acceptEncoding : .other
        case 16:
            self == FoldedName("content-encoding")
                ? .contentEncoding : self == FoldedName("proxy-connection") ? .proxyConnection : .other
        case 17: self == FoldedName("transfer-encoding") ? .transferEncoding : .other
        case 18: self == FoldedName("proxy-authenticate") ? .proxyAuthenticate : .other
        case 19: self == FoldedName("proxy-authorization") ? .proxyAuthorization : .other
        default: .other
        }
    }

    private var fourLetters: FieldName {
        if self == FoldedName("host") { return .host }
        if self == FoldedName("date") { return .date }
        if self == FoldedName("vary") { return .vary }
        return self == FoldedName("etag") ? .etag : .other
    }

    private var sixLetters: FieldName {
        if self == FoldedName("server") { return .server }
        if self == FoldedName("cookie") { return .cookie }
        if self == FoldedName("origin") { return .origin }
        return self == FoldedName("expect") ? .expect : .other
    }

    private var sevenLetters: FieldName {
        if self == FoldedName("upgrade") { return .upgrade }
        if self == FoldedName("referer") { return .referer }
        return self == FoldedName("trailer") ? .trailer : .other
    }

    private var tenLetters: FieldName {
        if self == FoldedName("connection") { return .connection }
        if self == FoldedName("keep-alive") { return .keepAlive }
        if self == FoldedName("set-cookie") { return .setCookie }
        return self == FoldedName("customerid") ? .customerID : .other
    }

    private var fourteenLetters: FieldName {
        if self == FoldedName("content-length") { return .contentLength }
        if self == FoldedName("sec-fetch-site") { return .secFetchSite }
        return self == FoldedName("http2-settings") ? .http2Settings : .other
    }

    /// `_`, which folding made 0x7F, becomes `-`; 0x52 is the difference of the two.
    private static func hyphensForUnderscores(_ word: UInt64) -> UInt64 {
        let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
        let difference = word ^ low
        let equal = ~(((difference & low) &+ low) | difference | low)
        return word ^ ((equal >> 7) &* 0x52)
    }
}
