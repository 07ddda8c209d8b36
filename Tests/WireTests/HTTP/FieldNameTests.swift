import Testing
@testable import Wire

@Suite struct FieldNameTests {
    private static let names = FieldName.allCases.filter { $0 != .other }

    /// The line of `field`, the last of a head with so many bytes behind it.
    private func line(_ field: String, bytesBehind count: Int = 0) throws -> FieldLine {
        let head = "GET / HTTP/1.1\r\nHost: a\r\n\(field)\r\n\r\n" + String(repeating: "x", count: count)
        var parsed = RequestHead()
        _ = try #require(try parsed.parse(Array(head.utf8).span))
        return parsed.field(at: 1)
    }

    /// A second Host or length would be refused.
    private func value(of name: FieldName) -> String { name == .contentLength ? "1" : name == .transferEncoding ? "chunked" : "v" }

    @Test(arguments: Self.names.filter { $0 != .host }) func `a known name is found in any case, wherever its line ends`(name: FieldName) throws {
        for text in [name.text, name.text.uppercased(), name.text.prefix(1).uppercased() + name.text.dropFirst()] {
            for count in 0...16 {
                let found = try line("\(text): \(value(of: name))", bytesBehind: count)
                #expect(found.name == name && !found.isVariant)
                #expect(found.nameRange.count == text.utf8.count)
                #expect(found.valueRange.count == value(of: name).utf8.count)
            }
        }
    }

    @Test(arguments: Self.names) func `a name that differs in one byte is another`(name: FieldName) throws {
        let text = Array(name.text.utf8)
        for index in text.indices {
            var other = text
            other[index] = other[index] == UInt8(ascii: "q") ? UInt8(ascii: "j") : UInt8(ascii: "q")
            #expect(try line("\(String(decoding: other, as: UTF8.self)): v").name == .other)
        }
        #expect(try line("\(name.text)q: v").name == .other)
        #expect(try line("q\(name.text): v").name == .other)
    }

    @Test func `an underscore makes a known name its variant`() throws {
        for name in Self.names where name.text.contains("-") {
            let text = String(name.text.map { $0 == "-" ? "_" : $0 })
            let found = try line("\(text): v")
            #expect(found.name == name && found.isVariant)
        }
    }
}
