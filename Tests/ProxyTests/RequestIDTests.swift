import Testing

@testable import Proxy

/// The name of a request.
@Suite struct RequestIDTests {
    @Test(arguments: [
        ("abc-123", true), ("", false), ("a b", false), ("a\u{7F}", false), ("\u{E9}", false), (String(repeating: "x", count: 128), true),
        (String(repeating: "x", count: 129), false),
    ])
    func `a client's is taken over if it is short and visible`(text: String, isTaken: Bool) {
        let head = Array("X-Request-Id: \(text)\r\n".utf8)
        head.withUnsafeBufferPointer { head in
            let id = RequestID(client: 14..<head.count - 2, in: head)
            #expect(id?.text(head: head) == (isTaken ? text : nil))
        }
    }

    @Test(arguments: [(UInt64(0), "0000000000000000"), (0x0123_4567_89AB_CDEF, "0123456789abcdef"), (.max, "ffffffffffffffff")])
    func `one that is made has sixteen digits`(number: UInt64, text: String) {
        #expect(RequestID(made: number).text(head: .init(start: nil, count: 0)) == text)
    }
}
