import Testing
import Wire

@Suite struct JSONRPCTests {
    @Test(arguments: [
        (#"{"method":"getblock"}"#, ["getblock"]), (#" {"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{"method":"other"}]} "#, ["eth_call"]),
        (#"[{"method":"a"},{"method":"b","id":null}]"#, ["a", "b"]), (#"{"\u006dethod":"get\u0062lock"}"#, ["getblock"]),
        (#"{"method":"a","params":{"METHOD":"b","method":"c"}}"#, ["a"]), (#"{"id":1e5,"method":"~!@"}"#, ["~!@"]),
    ])
    func `the methods that are called`(content: String, methods: [String]) throws {
        #expect(try JSONRPC.methods(of: Array(content.utf8), callsMax: 2) == methods)
    }

    static let refused: [(String, Bool)] = [
        ("", false), ("x", false), (#"{"method":"a"} x"#, false), (#"{"method":"a"}{"method":"b"}"#, false), ("{\"method\":\"a\"}\0", false),
        (#"{"method":"a","method":"b"}"#, false), (#"{"method":"a","\u006dethod":"b"}"#, false), (#"{"method":"a","params":{"x":1,"x":2}}"#, false),
        ("\u{FEFF}{\"method\":\"a\"}", false), (#"{"method":"a",}"#, false), (#"{'method':'a'}"#, false), (#"{"method":"a"/*,*/}"#, false),
        (#"{"method":NaN}"#, false), (#"{"id":01,"method":"a"}"#, false), (String(repeating: "[", count: 40), false),
        (#"{"method":"a","params":"# + String(repeating: "[", count: 40) + String(repeating: "]", count: 40) + "}", false),
        (#"{"method":"\ud800"}"#, false), ("{\"method\":\"a\nb\"}", false),
        ("[]", true), ("1", true), ("null", true), (#""getblock""#, true), ("{}", true), ("[{}]", true), (#"{"Method":"a"}"#, true),
        (#"{"method":"a","METHOD":"b"}"#, true), (#"{"method":"a","method ":"b"}"#, true), (#"{"method":"a","method\u0000":"b"}"#, true),
        (#"{"method\u0000x":"b","method":"a"}"#, true), (#"{"method":"a","params\u0000":[]}"#, true), (#"{"method":"a","\u001fid":1}"#, true),
        ("{\"method\":\"a\",\"x\u{7F}\":1}", true),
        (#"{"method":"a","_method":"b"}"#, true), (#"{"method":1}"#, true), (#"{"method":null}"#, true), (#"{"method":["a"]}"#, true),
        (#"{"method":""}"#, true), (#"{"method":"a b"}"#, true), (#"{"method":"a\u0000b"}"#, true), (#"{"method":"gétblock"}"#, true),
        (#"[[{"method":"a"}]]"#, true), (#"[{"method":"a"},1]"#, true), (#"[{"method":"a"},{"id":1}]"#, true),
        (#"[{"method":"a"},{"method":"a"},{"method":"a"}]"#, true), (#"{"method":""# + String(repeating: "a", count: 129) + #""}"#, true),
    ]

    @Test(arguments: refused)
    func `what servers could read in two ways is no call`(content: String, isJSON: Bool) {
        do throws(JSONRPC.Failure) {
            let methods = try JSONRPC.methods(of: Array(content.utf8), callsMax: 2)
            Issue.record("it was read as \(methods)")
        } catch {
            if case .noCall = error { #expect(isJSON) } else { #expect(!isJSON, "\(error)") }
        }
    }

    @Test func `UTF-16 is no JSON`() {
        let content = Array(#"{"method":"a"}"#.utf16).flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
        #expect(throws: JSONRPC.Failure.self) { try JSONRPC.methods(of: content, callsMax: 1) }
    }
}
