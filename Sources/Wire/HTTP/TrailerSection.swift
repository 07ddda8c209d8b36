/// The field lines of a trailer section (RFC 9110 section 6.5), as `ChunkedDecoder` hands them out: their grammar is known
/// to be right.
public enum TrailerSection {
    /// Names that no trailer may have (RFC 9110 section 6.5.1): whoever merges trailers into the head would take them for what
    /// was decided on when the head was read. They say where a message ends, where it goes, who sends it, what is asked for,
    /// how content is to be read, and what may be stored.
    ///
    /// Fields of one connection are not among them: `write` drops those anyway.
    public static let forbiddenNames =
        routing + authentication + requestModifiers + OverridingFields.names + responseControl + content

    private static let routing = [
        "Host", "Via", "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto",
        "X-Forwarded-Server", "X-Real-IP", "X-Original-Host",
    ]
    private static let authentication = [
        "Authorization", "WWW-Authenticate", "Proxy-Authentication-Info", "Cookie", "Cookie2", "Set-Cookie", "Set-Cookie2",
        "Origin", "Referer", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest", "Sec-Fetch-User",
    ]
    private static let requestModifiers = [
        "Cache-Control", "Pragma", "Expect", "Max-Forwards", "Range", "If-Match", "If-None-Match", "If-Modified-Since",
        "If-Unmodified-Since", "If-Range", "Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language",
        "X-Request-Id",
    ]
    private static let responseControl = ["Age", "Date", "Expires", "Location", "Retry-After", "Vary", "Warning"]
    private static let content = [
        "Content-Encoding", "Content-Type", "Content-Range", "Content-Language", "Content-Location", "Content-Disposition",
    ]

    /// Copies the field lines into `output`, in order and byte for byte, for the next hop.
    ///
    /// Left out are the fields of one connection and Content-Length, and those of `filter`, all of them also when spelled
    /// with `_` for `-`. Fields that the head's Connection names are for the caller to drop; see `RequestHead.allowsTrailers`.
    ///
    /// - Parameter lines: whole lines, each ended by CRLF, without the empty line behind them.
    /// - Returns: false if there is no room; `output` may then hold a part of the lines.
    public static func write(
        _ lines: Span<UInt8>, except filter: borrowing FieldFilter, into output: inout OutputSpan<UInt8>
    ) -> Bool {
        var start = 0
        while start < lines.count {
            var colon = start
            while lines[colon] != UInt8(ascii: ":") { colon += 1 }
            // CR stands nowhere but at the end of a line.
            var end = colon
            while lines[end] != .carriageReturn { end += 1 }
            end += 2
            if !isRemoved(start..<colon, in: lines, by: filter), !output.append(lines, start..<end) { return false }
            start = end
        }
        return true
    }

    private static func isRemoved(
        _ range: Range<Int>, in lines: Span<UInt8>, by filter: borrowing FieldFilter
    ) -> Bool {
        let name = FieldName(lines, at: range.lowerBound, count: range.count, hasUnderscore: true)
        guard name != .other else { return filter.removesOther(range, in: lines) }
        return FieldSection.connectionSpecific.contains(name) || filter.names.contains(name)
    }
}

extension RequestHead {
    /// Whether trailers may follow this head to the next hop: not where Connection names fields that are not known to belong
    /// to one connection. A trailer of that name would have to be dropped, too (RFC 9110 section 7.6.1), and the head is not
    /// looked at again when it comes: all of them are dropped, which is always allowed.
    public var allowsTrailers: Bool { fields.allowsTrailers }

    /// Copies the Trailer field into `output`, for a next hop that gets the content chunked. False if there is no room.
    public func writeTrailerField(from bytes: Span<UInt8>, into output: inout OutputSpan<UInt8>) -> Bool {
        fields.writeTrailerField(from: bytes, into: &output)
    }
}

extension ResponseHead {
    /// Whether trailers may follow this head to the client; see `RequestHead.allowsTrailers`.
    public var allowsTrailers: Bool { fields.allowsTrailers }

    /// Copies the Trailer field into `output`, for a client that gets the content chunked. False if there is no room.
    public func writeTrailerField(from bytes: Span<UInt8>, into output: inout OutputSpan<UInt8>) -> Bool {
        fields.writeTrailerField(from: bytes, into: &output)
    }
}

extension FieldSection {
    fileprivate var allowsTrailers: Bool {
        !facts.hasOtherConnectionOptions && facts.connectionOptions.bits & ~Self.connectionSpecific.bits == 0
    }

    fileprivate func writeTrailerField(from bytes: Span<UInt8>, into output: inout OutputSpan<UInt8>) -> Bool {
        guard facts.names.contains(.trailer), allowsTrailers else { return true }
        for index in 0..<lines.count where lines[index].name == .trailer {
            let end = index + 1 < lines.count ? lines[index + 1].nameRange.lowerBound : end
            guard output.append(bytes, lines[index].nameRange.lowerBound..<end) else { return false }
        }
        return true
    }
}
