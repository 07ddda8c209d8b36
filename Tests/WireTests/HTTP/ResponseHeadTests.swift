import Testing
import Wire

@Suite struct ResponseHeadTests {
    @Test func `the length that an answer to HEAD carries can be read`() throws {
        let bytes = latin1("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n")
        var head = ResponseHead()
        _ = try head.parse(bytes.span)
        let length = head.contentLength
        #expect(length == 1234)
    }
}
