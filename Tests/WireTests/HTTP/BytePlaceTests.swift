import Testing

@testable import Wire

/// Names and targets are read eight bytes at a time.
@Suite struct BytePlaceTests {
    @Test(arguments: 0..<19) func `the first question mark begins the query, wherever it stands`(_ place: Int) throws {
        let run = String(repeating: "a", count: place) + "?" + String(repeating: "b", count: 18 - place)
        var parser = RequestHead()
        let bytes = Array("GET /\(run)?a HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        #expect(try parser.parse(bytes.span) == bytes.count)
        #expect(parser.target.query == 6 + place..<26)
        #expect(parser.target.path == 4..<5 + place)
    }

    @Test(arguments: FieldName.allCases) func `of a known name nothing but the case may differ`(_ name: FieldName) throws {
        guard let text = Self.texts[name] else {
            #expect(name == .other)
            return
        }
        for place in text.indices {
            // Of those that may stand in a value, as the members of Connection do.
            for byte in UInt8(0x20)...UInt8.max {
                var spelled = text
                spelled[place] = byte
                let read = FieldName(spelled.span, at: 0, count: spelled.count, hasUnderscore: false)
                #expect((read == name) == (byte == text[place] || byte == text[place] ^ 0x20 && Self.isLetter(byte)), "\(name) \(place) \(byte)")
            }
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { byte < 0x80 && Character(Unicode.Scalar(byte)).isLetter }

    private static let texts: [FieldName: [UInt8]] = Dictionary(
        uniqueKeysWithValues: [
            "host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "keep-alive", "proxy-connection",
            "proxy-authorization", "proxy-authenticate", "authorization", "expect", "via", "date", "server", "location", "set-cookie",
            "cookie", "origin", "referer", "sec-fetch-site", "accept-encoding", "content-encoding", "content-type", "vary", "etag",
            "x-request-id", "retry-after", "customerid", "http2-settings",
        ].map { (FieldName(Array($0.utf8).span, at: 0, count: $0.utf8.count, hasUnderscore: false), Array($0.utf8)) })
}
