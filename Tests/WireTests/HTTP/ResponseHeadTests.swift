import Testing
import Wire

@Suite struct ResponseHeadTests {
    @Test(arguments: responseVectors)
    func `a response head means what it should, whole, byte by byte, and with bytes behind it`(_ vector: ResponseVector) {
        var head = ResponseHead()
        let whole = head.outcome(vector.bytes, first: vector.bytes.count, answering: vector.method)
        #expect(whole == vector.expected)

        var inPieces = Outcome<ResponseMeaning>.incomplete
        var count = 0
        while inPieces == .incomplete && count <= vector.bytes.count {
            inPieces = head.outcome(vector.bytes, first: count, answering: vector.method)
            count += 1
        }
        #expect(inPieces == vector.expected)
        if case .accepted = inPieces { #expect(count - 1 == vector.bytes.count) }

        let followed = vector.bytes + latin1("HTTP/1.1 500 X\r\nContent-Length: 1\r\n\r\n")
        #expect(head.outcome(followed, first: followed.count, answering: vector.method) == vector.expected)
    }

    @Test(arguments: 0..<40)
    func `a damaged response means the same whole and byte by byte`(_ seed: Int) {
        var random = SeededGenerator(state: UInt64(seed))
        for vector in responseVectors where vector.bytes.count < 200 {
            let damaged = damage(vector.bytes, using: &random)
            var head = ResponseHead()
            let whole = head.outcome(damaged, first: damaged.count, answering: .get)
            head.reset()
            var inPieces = Outcome<ResponseMeaning>.incomplete
            for count in 0...damaged.count where inPieces == .incomplete {
                inPieces = head.outcome(damaged, first: count, answering: .get)
            }
            #expect(whole == inPieces, "\(latin1(damaged).debugDescription)")
        }
    }

    @Test func `the length that an answer to HEAD carries can be read`() throws {
        let bytes = latin1("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n")
        var head = ResponseHead()
        _ = try head.parse(bytes.span)
        let length = head.contentLength
        #expect(length == 1234)
    }
}
