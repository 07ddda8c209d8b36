import Testing
import Wire

@Suite struct GlobTests {
    @Test(arguments: [
        ("/a", "/a", true), ("/a", "/ab", false), ("/a", "/", false), ("/a", "", false), ("/*", "/", true), ("/*", "/a/b", true),
        ("/a/*", "/a", false), ("/a/*", "/a/", true), ("/a/*", "/a/b/c", true), ("/a/*/c", "/a/b/c", true), ("/a/*/c", "/a//c", true),
        ("/a/*/c", "/a/b/b/c", false), ("/a/**/c", "/a/b/b/c", true), ("/a/**/c", "/a/c", false), ("/a*", "/abc", true), ("/a*", "/ab/c", false),
        ("/a**", "/ab/c", true), ("/**.json", "/a/b.json", true), ("/**.json", "/a/b.jsonx", false), ("/*.json", "/a/b.json", false),
        ("/*a*b", "/xaxb", true), ("/*a*b", "/xbxa", false), ("/a*a", "/a", false), ("/a*a", "/aa", true), ("/A", "/a", false),
    ])
    func `a star stays in its segment, but at the end and where there are two`(pattern: String, path: String, isMatch: Bool) throws {
        let glob = try #require(Glob(path: pattern))
        #expect(matches(glob, path) == isMatch)
        for split in 0...path.utf8.count {
            let bytes = Array(path.utf8)
            let places = glob.advance(Glob.start, over: bytes.span, 0..<split)
            let end = glob.advance(places, over: bytes.span, split..<bytes.count)
            #expect(glob.isMatch(end) == isMatch, "in two parts, at \(split)")
        }
    }

    @Test(arguments: [
        ("getblock*", "getblock", true), ("getblock*", "getblockhash", true), ("getblock*", "getBlock", false), ("getblock*", "xgetblock", false),
        ("*", "a/b", true), ("eth_*By*", "eth_getBlockByHash", true), ("a*/b", "a/x/b", true),
    ])
    func `in a name a star is anything`(pattern: String, name: String, isMatch: Bool) throws {
        let glob = try #require(Glob(name: pattern))
        #expect(matches(glob, name) == isMatch)
    }

    @Test func `case is ignored where that is asked for`() throws {
        let glob = try #require(Glob(path: "**/tx/Send", ignoresCase: true))
        for path in ["/api/tx/send", "/API/TX/SEND", "/tx/sEND"] { #expect(matches(glob, path), "\(path)") }
        for path in ["/api/tx/sen\u{64}x", "/api/tx@send", "/tx/s\u{5}nd"] { #expect(!matches(glob, path), "\(path)") }
    }

    @Test func `a pattern has room for 127 bytes besides its stars`() throws {
        let longest = String(repeating: "a*", count: 127)
        let glob = try #require(Glob(name: longest))
        #expect(matches(glob, String(repeating: "a", count: 127)))
        #expect(Glob(name: longest + "a") == nil)
    }

    /// A matcher that goes back would take more than a lifetime.
    @Test func `many stars over a long text take one step a byte`() throws {
        let glob = try #require(Glob(path: "/" + String(repeating: "**a", count: 60) + "b"))
        #expect(!matches(glob, "/" + String(repeating: "a", count: 16_000)))
    }

    private func matches(_ glob: Glob, _ text: String) -> Bool {
        glob.matches(Array(text.utf8).span)
    }
}
