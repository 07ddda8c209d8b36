import Testing
import Wire

@Suite struct NormalPathTests {
    @Test(arguments: [
        "/", "/a", "/a/", "/a/b/c", "/a-b.c_d~e", "/!$&'()*+,=:@", "/%20a", "/%22%3C%3E%5B%5D%5E%60%7B%7C%7D", "/%3A%40%2B%2C%3D", "/caf%C3%A9",
        "/%E6%97%A5", "/%F0%9F%98%80", "/.a", "/..a", "/a..b",
    ])
    func `a path in normal form`(path: String) {
        #expect(deviation(path) == nil)
    }

    @Test(arguments: [
        ("", NormalPath.Deviation.noSlash), ("a", .noSlash), ("*", .noSlash), ("//", .emptySegment), ("/a//b", .emptySegment), ("/.", .dots), ("/..", .dots),
        ("/a/../b", .dots), ("/a./b", .dots), ("/a.", .dots), ("/a%20", .dots), ("/a%20/b", .dots), ("/a;b", .parameters), ("/a\\b", .byteNotEncoded(0x5C)),
        ("/a b", .byteNotEncoded(0x20)), ("/a\u{0}", .byteNotEncoded(0)), ("/é", .byteNotEncoded(0xC3)), ("/[", .byteNotEncoded(0x5B)), ("/a?b", .byteNotEncoded(0x3F)),
        ("/%", .escapeIncomplete), ("/%4", .escapeIncomplete), ("/%G0", .escapeIncomplete), ("/%c3%A9", .escapeInLowerCase), ("/%C3%a9", .escapeInLowerCase),
        ("/%00", .escapeOfControl), ("/%1F", .escapeOfControl), ("/%7F", .escapeOfControl), ("/%C2%80", .escapeOfControl), ("/%41", .escapeNotNeeded),
        ("/%2E", .escapeNotNeeded), ("/%7E", .escapeNotNeeded), ("/%2F", .escapeOfSeparator), ("/%5C", .escapeOfSeparator), ("/%25", .escapeOfSeparator),
        ("/%3B", .escapeOfSeparator), ("/%3F", .escapeOfSeparator), ("/%23", .escapeOfSeparator), ("/%80", .escapeNotUTF8), ("/%C3", .escapeNotUTF8),
        ("/%C3a%A9", .escapeNotUTF8), ("/%C0%AF", .escapeNotUTF8), ("/%C3%41", .escapeNotUTF8), ("/%E0%80%80", .escapeNotUTF8),
        ("/%ED%A0%80", .escapeNotUTF8), ("/%F4%90%80%80", .escapeNotUTF8), ("/%F0%80%80%80", .escapeNotUTF8), ("/%EF%BC%8F", .escapeOfLookalike),
        ("/%E2%80%A6", .escapeOfLookalike), ("/%CD%BE", .escapeOfLookalike), ("/%F0%9F%84%80", .escapeOfLookalike),
    ])
    func `whatever is another spelling is named`(path: String, deviation: NormalPath.Deviation) {
        #expect(self.deviation(path) == deviation)
        #expect(!deviation.reason.isEmpty)
    }

    /// Decoding a normal path once, in whatever way, gives no separator and no dot segment that was not there.
    @Test func `no two bytes make a separator that is not one`() {
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                let hexadecimal = { (byte: UInt8) in (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true) }
                guard deviation("/%\(hexadecimal(first))%\(hexadecimal(second))") == nil else { continue }
                let decoded = String(validating: [first, second], as: UTF8.self)
                #expect(decoded != nil)
                #expect(decoded?.contains { "/\\;%?#.".contains($0) } == false && decoded?.hasSuffix(" ") == false, "\(first) \(second)")
            }
        }
    }

    private func deviation(_ path: String) -> NormalPath.Deviation? {
        let bytes = Array(path.utf8)
        return NormalPath.deviation(bytes.span, 0..<bytes.count)
    }
}
