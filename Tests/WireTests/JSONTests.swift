import Testing
import Wire

@Suite struct JSONTests {
    @Test func `every kind of value is read with its place`() throws {
        let source = #" {"a": [1, true, null], "b": {"c": "x"}} "#
        let json = try JSON.parse(Array(source.utf8))
        #expect(json.range == 1..<(source.utf8.count - 1))
        #expect(json["a"]?.array?.count == 3)
        #expect(json["a"]?.array?[0].int == 1)
        #expect(json["a"]?.array?[1].bool == true)
        #expect(json["a"]?.array?[2].isNull == true)
        #expect(json.value(at: "b.c")?.string == "x")
        #expect(json.value(at: "b.d") == nil)
        #expect(json.value(at: "a.b") == nil)
        #expect(json.value(at: "a.0")?.int == 1)
        for path in ["a.3", "a.-1", "a.+1", "a.", "b.0", "a.0.0", "a.00000000000000000000000000000000000001"] {
            #expect(json.value(at: path) == nil, "\(path)")
        }
        #expect(json.object?.map(\.key) == ["a", "b"])
        #expect(json.object?[1].keyRange == 24..<27)
        let text = try #require(json.value(at: "b.c"))
        #expect(Array(source.utf8)[text.range] == Array("\"x\"".utf8)[...])
    }

    @Test(arguments: [
        (#""""#, ""), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u0000""#, "\0"), (#""\u00e4\u20AC""#, "ä€"),
        (#""\ud83d\ude00""#, "😀"), (#""\uDBFF\uDFFF""#, "\u{10FFFF}"), ("\"ä€😀\u{7F}\u{2028}\"", "ä€😀\u{7F}\u{2028}"),
    ])
    func `strings are decoded`(source: String, expected: String) throws {
        let decoded = try #require(try JSON.parse(Array(source.utf8)).string)
        #expect(Array(decoded.utf8) == Array(expected.utf8))
    }

    @Test(arguments: ["0", "-0", "12", "-1.5", "1e3", "1E+3", "1.25e-7", "123456789012345678901234567890"])
    func `numbers keep their exact text`(source: String) throws {
        guard case .number(let number) = try JSON.parse(Array(source.utf8)).value else {
            Issue.record("not a number")
            return
        }
        #expect(number.text == source)
    }

    @Test(arguments: [
        ("3600", 3600), ("3600.0", 3600), ("36e2", 3600), ("-7", -7), ("9223372036854775807", Int.max), ("9223372036854775808", nil),
        ("1.5", nil), ("1e300", nil), ("1e999", nil), ("9007199254740993.0", nil),
    ] as [(String, Int?)])
    func `a number is an integer only where nothing is lost`(source: String, expected: Int?) throws {
        #expect(try JSON.parse(Array(source.utf8)).int == expected)
    }

    @Test(arguments: [
        ("", 0), ("  ", 2), ("nul", 0), ("tru", 0), ("True", 0), ("01", 1), ("-", 1), ("1.", 2), (".5", 0), ("+1", 0), ("1e", 2),
        ("1 2", 2), ("[1,]", 3), ("[1 2]", 3), ("[,]", 1), ("[", 1), ("{\"a\":1,}", 7), ("{a:1}", 1), ("{\"a\" 1}", 5), ("{\"a\":}", 5),
        ("{\"a\":1", 6), ("{\"a\":1 \"b\":2}", 7), ("\"abc", 0), ("\"a\nb\"", 2), ("\"\u{1F}\"", 1), (#""\x""#, 1), (#""\u12""#, 1),
        (#""\ud83d""#, 1), (#""\ude00""#, 1), (#""\ud83d\ud83d""#, 1), (#""\ud83dx""#, 1), (#""\"#, 1), ("// x\n1", 0), ("[1]]", 3),
        ("{\"a\":1,\"a\":2}", 7), ("{\"a\":1,\"\\u0061\":2}", 7), ("NaN", 0), ("'a'", 0), ("\u{FEFF}1", 0), ("\u{A0}1", 0),
    ])
    func `what RFC 8259 does not allow is refused at its place`(source: String, offset: Int) {
        #expect { try JSON.parse(Array(source.utf8)) } throws: { error in
            (error as? JSONError)?.offset == offset
        }
    }

    @Test(arguments: [
        [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xE2, 0x28, 0xA1],
        [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xF0, 0x9F, 0x98],
    ] as [[UInt8]])
    func `ill-formed UTF-8 is refused in strings and comments`(sequence: [UInt8]) {
        let quote = UInt8(ascii: "\"")
        #expect(throws: JSONError(offset: 2, message: "the text is not UTF-8 here")) {
            try JSON.parse([quote, UInt8(ascii: "a")] + sequence + [quote])
        }
        #expect(throws: JSONError(offset: 2, message: "the text is not UTF-8 here")) {
            try JSON.parse(Array("//".utf8) + sequence + Array("\n1".utf8), options: .comments)
        }
    }

    @Test func `comments are white space where they are allowed`() throws {
        let source = "// first\r\n{ // a \"b\" ä\n \"url\": \"https://x\" // end\n} // last"
        let json = try JSON.parse(Array(source.utf8), options: .comments)
        #expect(json["url"]?.string == "https://x")
        #expect(throws: JSONError.self) { try JSON.parse(Array("/* */ 1".utf8), options: .comments) }
        #expect(throws: JSONError.self) { try JSON.parse(Array("[1, // x\n]".utf8), options: .comments) }
        #expect(throws: JSONError.self) { try JSON.parse(Array("// only".utf8), options: .comments) }
    }

    @Test func `depth and size are bounded`() throws {
        let deep = { (count: Int) in Array((String(repeating: "[", count: count) + String(repeating: "]", count: count)).utf8) }
        _ = try JSON.parse(deep(64))
        #expect(throws: JSONError(offset: 64, message: "arrays and objects are nested more than 64 levels deep")) {
            try JSON.parse(deep(65))
        }
        #expect(throws: JSONError(offset: 64, message: "arrays and objects are nested more than 64 levels deep")) {
            try JSON.parse(Array(repeating: UInt8(ascii: "["), count: 1_000_000))
        }
        _ = try JSON.parse(Array("1234".utf8), bytesMax: 4)
        #expect(throws: JSONError(offset: 4, message: "the text has 5 bytes; at most 4 are read")) {
            try JSON.parse(Array("12345".utf8), bytesMax: 4)
        }
    }

    @Test func `siblings do not count as depth`() throws {
        let source = "[" + Array(repeating: "[]", count: 1_000).joined(separator: ",") + "]"
        #expect(try JSON.parse(Array(source.utf8), depthMax: 2).array?.count == 1_000)
    }

    @Test func `repeated keys can be kept for the caller to report`() throws {
        let json = try JSON.parse(Array(#"{"a":1,"a":2}"#.utf8), options: .duplicateKeys)
        #expect(json.object?.count == 2)
        #expect(json["a"]?.int == 1)
    }

    @Test(arguments: ["A", "\\u0001", "\u{301}", "\u{1F600}"])
    func `of a long key that stands twice, the message has the beginning`(letter: String) {
        let key = "\"key\(String(repeating: letter, count: 20_000))\""
        do throws(JSONError) {
            _ = try JSON.parse(Array("{\(key):1,\(key):2}".utf8))
            Issue.record("it was read")
        } catch {
            #expect(error.message.utf8.starts(with: "the key \"key".utf8) && error.message.hasSuffix("\"... stands twice in one object"), "\(error.message.prefix(80))")
            #expect(error.message.utf8.count < 300)
        }
    }

    @Test func `keys that only look alike are different keys`() throws {
        let json = try JSON.parse(Array("{\"\u{E9}\":1,\"e\u{301}\":2}".utf8))
        #expect(json["\u{E9}"]?.int == 1)
        #expect(json["e\u{301}"]?.int == 2)
    }

    @Test func `any prefix and any flipped byte of a text is refused or read, never a trap`() {
        let source = Array(#"{"a":[1,-2.5e3,"\u00e4\ud83d\ude00ä"],"b":{"c":null,"d":true}} // x"#.utf8)
        for count in 0..<source.count { _ = try? JSON.parse(Array(source.prefix(count)), options: .comments) }
        for index in source.indices {
            for flip in [0x01, 0x20, 0x80, 0xFF] as [UInt8] {
                var changed = source
                changed[index] ^= flip
                _ = try? JSON.parse(changed, options: .comments)
            }
        }
        #expect(throws: JSONError.self) { try JSON.parse(Array(source.prefix(source.count - 8)), options: .comments) }
    }

    @Test func `what the writer writes the parser reads`() throws {
        var writer = JSONWriter()
        let odd = "\"\\/\n\r\t\0\u{1F}\u{7F}ä😀"
        writer.beginObject()
        writer.key("error")
        writer.beginObject()
        writer.key(odd)
        writer.string(odd)
        writer.key("n")
        writer.int(-12)
        writer.endObject()
        writer.key("list")
        writer.beginArray()
        writer.bool(true)
        writer.null()
        writer.beginArray()
        writer.endArray()
        writer.string(repairing: [0x61, 0xFF])
        writer.endArray()
        writer.endObject()
        let json = try JSON.parse(writer.bytes)
        #expect(json["error"]?[odd]?.string == odd)
        #expect(json.value(at: "error.n")?.int == -12)
        #expect(json["list"]?.array?.count == 4)
        #expect(json["list"]?.array?[3].string == "a\u{FFFD}")
        #expect(writer.bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
        writer.reset()
        writer.string("a\"b")
        #expect(writer.bytes == Array(#""a\"b""#.utf8))
        #expect(JSONWriter.quoted("a\n") == #""a\n""#)
    }
}
