import Testing
import Wire

@testable import Credentials

@Suite struct EscapeTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let text: String
        let json: String
        let percent: String
        let form: String
        let base64: String
        var testDescription: String { text.debugDescription }
    }

    static let cases = [
        Case(text: "", json: "", percent: "", form: "", base64: ""),
        Case(text: "aZ09-._~", json: "aZ09-._~", percent: "aZ09-._~", form: "aZ09-._~", base64: "YVowOS0uX34="),
        // RFC 6749, appendix B.
        Case(text: " %&+£€", json: " %&+£€", percent: "%20%25%26%2B%C2%A3%E2%82%AC", form: "+%25%26%2B%C2%A3%E2%82%AC", base64: "ICUmK8Kj4oKs"),
        Case(text: "a\"b\\c", json: #"a\"b\\c"#, percent: "a%22b%5Cc", form: "a%22b%5Cc", base64: "YSJiXGM="),
        Case(text: "\u{0}\t\n\u{1F}\u{7F}", json: "\\u0000\\u0009\\u000A\\u001F\u{7F}", percent: "%00%09%0A%1F%7F", form: "%00%09%0A%1F%7F", base64: "AAkKH38="),
        Case(text: "/?#[]@!$'()*,;=:", json: "/?#[]@!$'()*,;=:", percent: "%2F%3F%23%5B%5D%40%21%24%27%28%29%2A%2C%3B%3D%3A", form: "%2F%3F%23%5B%5D%40%21%24%27%28%29%2A%2C%3B%3D%3A", base64: "Lz8jW11AISQnKCkqLDs9Og=="),
        Case(text: "a=1&b=2", json: "a=1&b=2", percent: "a%3D1%26b%3D2", form: "a%3D1%26b%3D2", base64: "YT0xJmI9Mg=="),
        Case(text: "\r\nX: y", json: "\\u000D\\u000AX: y", percent: "%0D%0AX%3A%20y", form: "%0D%0AX%3A+y", base64: "DQpYOiB5"),
        Case(text: "\u{1F600}", json: "\u{1F600}", percent: "%F0%9F%98%80", form: "%F0%9F%98%80", base64: "8J+YgA=="),
    ]

    @Test(arguments: cases)
    func `a text is written so that it means itself where it stands`(example: Case) {
        #expect(written(example.text, .none) == example.text)
        #expect(written(example.text, .json) == example.json)
        #expect(written(example.text, .percent) == example.percent)
        #expect(written(example.text, .form) == example.form)
        #expect(written(example.text, .base64) == example.base64)
    }

    @Test func `every byte comes back from base 64`() {
        for count in 0..<300 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
            #expect(Base64.decode(written(bytes, .base64)) == bytes)
        }
    }

    @Test func `what is counted is what is written`() {
        for code in 0..<256 {
            for escape in [Escape.none, .json, .percent, .form, .base64] {
                var rendering = Rendering()
                rendering.secret(Secret([UInt8(code), 0x41]), escape)
                #expect(rendering.secret().count == rendering.byteCount)
            }
        }
    }

    private func written(_ text: String, _ escape: Escape) -> String { written(Array(text.utf8), escape) }

    private func written(_ bytes: [UInt8], _ escape: Escape) -> String {
        var rendering = Rendering()
        rendering.secret(Secret(bytes), escape)
        return rendering.secret().revealed
    }
}
