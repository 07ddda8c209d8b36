import Testing
import Wire

@Suite struct JSONTextTests {
    private func written(_ text: String) -> String {
        let bytes = Array(text.utf8)
        return String(decoding: [UInt8](capacity: JSONText.countMax(of: bytes.count)) { JSONText.write(bytes.span, into: &$0) }, as: UTF8.self)
    }

    /// Eight bytes are looked at at a time.
    @Test(arguments: 0..<20) func `every character is written as the other writer does it, wherever it stands`(_ place: Int) throws {
        for number in UInt8.min..<0x80 {
            let before = String(repeating: "a", count: place)
            let text = before + String(Character(Unicode.Scalar(number))) + "b\u{20AC}\u{1F600}c"
            #expect(written(text) == JSONWriter.quoted(text))
            #expect(try JSON.parse(Array(written(text).utf8)).string == text)
        }
    }

    @Test func `all that is escaped, and nothing`() {
        let worst = String(repeating: "\u{1}", count: 33)
        #expect(written(worst).utf8.count == JSONText.countMax(of: 33))
        #expect(written("") == "\"\"")
    }
}
