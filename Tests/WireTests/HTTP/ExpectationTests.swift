import Testing
import Wire

@Suite struct ExpectationTests {
    @Test(arguments: [
        ("A: 1", false, false), ("Expect: 100-continue", true, false), ("expect: 100-CONTINUE", true, false),
        ("Expect: 100-continue, 100-continue", true, false), ("Expect:", false, false), ("Expect: ,", false, false),
        ("Expect: 100-continued", false, true), ("Expect: 100-continue, x", false, true), ("Expect: 200-ok", false, true),
        ("Expect: 100-continue;a=b", false, true), ("Expect: 100-continue\r\nExpect: y", false, true),
    ])
    func `one expectation is known, and others are told from it`(_ fields: String, isKnown: Bool, hasOther: Bool) throws {
        let head = try parse(fields)
        #expect(head.expectsContinue == isKnown)
        #expect(head.hasOtherExpectation == hasOther)
        let old = try parse(fields, version: "1.0")
        #expect(!old.expectsContinue && !old.hasOtherExpectation)
    }

    private func parse(_ fields: String, version: String = "1.1") throws -> RequestHead {
        var head = RequestHead()
        _ = try head.parse(latin1("POST / HTTP/\(version)\r\nHost: a\r\n\(fields)\r\n\r\n").span)
        return head
    }
}
