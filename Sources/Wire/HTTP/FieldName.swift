/// The field names that this product acts on. Every other name is `.other`, and known by its bytes alone.
public enum FieldName: UInt8, Sendable, CaseIterable {
    case other = 0
    case host, connection, contentLength, transferEncoding, te, trailer, upgrade, keepAlive
    case proxyConnection, proxyAuthorization, proxyAuthenticate, authorization
    case expect, via, date, server, location, setCookie, cookie, origin, referer, secFetchSite
    case acceptEncoding, contentEncoding, contentType, vary, etag, xRequestID, retryAfter
    /// `customerId`, which the Bloquo services ask for.
    case customerID
    case http2Settings

    /// Reads the name that stands at `start`. With `hasUnderscore`, each `_` is taken for `-`.
    @inline(__always)
    init(_ bytes: Span<UInt8>, at start: Int, count: Int, hasUnderscore: Bool) {
        guard FoldedName.counts.contains(count) else {
            self = .other
            return
        }
        var name = FoldedName(bytes, at: start, count: count)
        if hasUnderscore { name.replaceUnderscores() }
        self = KnownNames.table.name(name)
    }

    /// In lower case; empty for `other`.
    var text: String {
        switch self {
        case .other: ""
        case .host: "host"
        case .connection: "connection"
        case .contentLength: "content-length"
        case .transferEncoding: "transfer-encoding"
        case .te: "te"
        case .trailer: "trailer"
        case .upgrade: "upgrade"
        case .keepAlive: "keep-alive"
        case .proxyConnection: "proxy-connection"
        case .proxyAuthorization: "proxy-authorization"
        case .proxyAuthenticate: "proxy-authenticate"
        case .authorization: "authorization"
        case .expect: "expect"
        case .via: "via"
        case .date: "date"
        case .server: "server"
        case .location: "location"
        case .setCookie: "set-cookie"
        case .cookie: "cookie"
        case .origin: "origin"
        case .referer: "referer"
        case .secFetchSite: "sec-fetch-site"
        case .acceptEncoding: "accept-encoding"
        case .contentEncoding: "content-encoding"
        case .contentType: "content-type"
        case .vary: "vary"
        case .etag: "etag"
        case .xRequestID: "x-request-id"
        case .retryAfter: "retry-after"
        case .customerID: "customerid"
        case .http2Settings: "http2-settings"
        }
    }
}

/// A set of known names: one bit each. `.other` is never in it.
struct FieldNameSet: Sendable {
    var bits: UInt64 = 0

    init() {}

    init(_ names: FieldName...) {
        for name in names { insert(name) }
    }

    mutating func insert(_ name: FieldName) {
        if name != .other { bits |= 1 &<< UInt64(name.rawValue) }
    }

    mutating func remove(_ name: FieldName) { bits &= ~(1 &<< UInt64(name.rawValue)) }

    @inline(__always)
    func contains(_ name: FieldName) -> Bool { bits &>> UInt64(name.rawValue) & 1 != 0 }
}
