import Testing
import Wire

@Suite struct OutputPiecesTests {
    private func text(_ write: (inout OutputSpan<UInt8>) -> Void) -> String {
        String(
            decoding: [UInt8](capacity: 64) { output in
                output.append(UInt8(ascii: "<"))
                write(&output)
                output.append(UInt8(ascii: ">"))
            }, as: UTF8.self)
    }

    @Test(arguments: [0, 1, 9, 10, 99, 100, 4_294_967_295, 4_294_967_296, Int.max]) func `a number has its digits`(_ number: Int) {
        #expect(text { $0.appendDecimal(number) } == "<\(number)>")
    }

    @Test(arguments: [(0, 3, "000"), (7, 3, "007"), (123, 3, "123"), (2026, 4, "2026"), (5, 0, "")])
    func `a number fills so many places`(_ number: Int, _ digitCount: Int, _ digits: String) {
        #expect(text { $0.appendDecimal(number, digitCount: digitCount) } == "<\(digits)>")
    }

    @Test(arguments: [0, 1, 0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210, 0x9999_AAAA_0000_FFFF, UInt64.max])
    func `a name has sixteen digits`(_ number: UInt64) {
        let digits = String(number, radix: 16)
        #expect(text { $0.appendHexadecimal(number) } == "<\(String(repeating: "0", count: 16 - digits.count))\(digits)>")
    }

    @Test func `pieces follow one another, and empty ones are nothing`() {
        let bytes = Array("bytes".utf8)
        #expect(
            text { output in
                output.appendWhole("")
                output.appendWhole("a literal, ")
                output.appendWhole(bytes.span.extracting(1..<1))
                output.appendWhole(bytes.span)
            } == "<a literal, bytes>")
    }
}
