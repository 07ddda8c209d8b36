/// A field name of 2 to 19 bytes in lower case, as up to three words that cover it, the last two overlapping.
///
///     content-length          first = "content-", last = "t-length"
///     proxy-authorization     first = "proxy-au", middle = "thorizat", last = "ization" and the byte before
///
/// Setting bit 5 of every byte folds the letters, leaves `-` and the digits, and lets no other byte that may stand in a
/// field value become one of them.
struct FoldedName {
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

    mutating func replaceUnderscores() {
        first = Self.hyphensForUnderscores(first)
        middle = Self.hyphensForUnderscores(middle)
        last = Self.hyphensForUnderscores(last)
    }

    var isKeepAlive: Bool { isText("keep-alive") }

    /// The known name of `count` bytes that this is.
    @inline(__always)
    func classified(count: Int) -> FieldName {
        switch count {
        case 2...4: upToFourLetters
        case 6: sixLetters
        case 7: sevenLetters
        case 8: eightLetters
        case 10: tenLetters
        case 11: elevenLetters
        case 12: twelveLetters
        case 13: thirteenLetters
        case 14: fourteenLetters
        case 15: fifteenLetters
        case 16: sixteenLetters
        case 17: seventeenLetters
        case 18: eighteenLetters
        case 19: nineteenLetters
        default: .other
        }
    }

    // Functions of their own, for the literals of each are folded to constants then.

    private var upToFourLetters: FieldName {
        if isText("host") { return .host }
        if isText("date") { return .date }
        if isText("vary") { return .vary }
        if isText("etag") { return .etag }
        if isText("via") { return .via }
        return isText("te") ? .te : .other
    }

    private var sixLetters: FieldName {
        if isText("server") { return .server }
        if isText("cookie") { return .cookie }
        if isText("origin") { return .origin }
        return isText("expect") ? .expect : .other
    }

    private var sevenLetters: FieldName {
        if isText("upgrade") { return .upgrade }
        if isText("referer") { return .referer }
        return isText("trailer") ? .trailer : .other
    }

    private var tenLetters: FieldName {
        if isText("connection") { return .connection }
        if isText("keep-alive") { return .keepAlive }
        if isText("set-cookie") { return .setCookie }
        return isText("customerid") ? .customerID : .other
    }

    private var twelveLetters: FieldName {
        if isText("content-type") { return .contentType }
        return isText("x-request-id") ? .xRequestID : .other
    }

    private var fourteenLetters: FieldName {
        if isText("content-length") { return .contentLength }
        if isText("sec-fetch-site") { return .secFetchSite }
        return isText("http2-settings") ? .http2Settings : .other
    }

    private var sixteenLetters: FieldName {
        if isText("content-encoding") { return .contentEncoding }
        return isText("proxy-connection") ? .proxyConnection : .other
    }

    private var eightLetters: FieldName { isText("location") ? .location : .other }
    private var elevenLetters: FieldName { isText("retry-after") ? .retryAfter : .other }
    private var thirteenLetters: FieldName { isText("authorization") ? .authorization : .other }
    private var fifteenLetters: FieldName { isText("accept-encoding") ? .acceptEncoding : .other }
    private var seventeenLetters: FieldName { isText("transfer-encoding") ? .transferEncoding : .other }
    private var eighteenLetters: FieldName { isText("proxy-authenticate") ? .proxyAuthenticate : .other }
    private var nineteenLetters: FieldName { isText("proxy-authorization") ? .proxyAuthorization : .other }

    /// Whether this is the name that a literal spells in lower case. Of shorter names, the first word tells the length too: none holds
    /// a zero. Of longer ones the caller has seen that it has as many bytes.
    @inline(__always)
    private func isText(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard first == literal(text, from: 0, count: min(count, 8)) else { return false }
        if count > 8, last != literal(text, from: count - 8, count: 8) { return false }
        return count <= 16 || middle == literal(text, from: 8, count: 8)
    }

    /// `_`, which folding made 0x7F, becomes `-`; 0x52 is the difference of the two.
    private static func hyphensForUnderscores(_ word: UInt64) -> UInt64 {
        let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
        let difference = word ^ low
        let equal = ~(((difference & low) &+ low) | difference | low)
        return word ^ ((equal >> 7) &* 0x52)
    }
}
