import Testing
import Wire

@Suite struct JSONRPCTests {
    @Test(arguments: [
        (#"{"method":"getblock"}"#, ["getblock"]), (#" {"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{"method":"other"}]} "#, ["eth_call"]),
        (#"[{"method":"a"},{"method":"b","id":null}]"#, ["a", "b"]), (#"{"\u006dethod":"get\u0062lock"}"#, ["getblock"]),
        (#"{"method":"a","params":{"METHOD":"b","method":"c"}}"#, ["a"]), (#"{"id":1e5,"method":"~!@"}"#, ["~!@"]),
        (#"{"method":"a","params":{"x":1,"x":2}}"#, ["a"]), (#"{"x":[true,false,null,-1.5e+3,"\ud83d\ude00\n",{},[]],"method":"a"}"#, ["a"]),
        ("{\(keys(31))\"method\":\"a\"}", ["a"]),
    ])
    func `the methods that are called`(content: String, methods: [String]) throws {
        #expect(try JSONRPC.methods(of: Array(content.utf8), callsMax: 2) == methods)
    }

    private static func keys(_ count: Int) -> String {
        (0..<count).map { "\"k\($0)\":\($0)," }.joined()
    }

    static let refused: [(String, Bool)] = [
        ("", false), ("x", false), (#"{"method":"a"} x"#, false), (#"{"method":"a"}{"method":"b"}"#, false), ("{\"method\":\"a\"}\0", false),
        (#"{"method":"a","method":"b"}"#, false), (#"{"method":"a","\u006dethod":"b"}"#, false),
        ("\u{FEFF}{\"method\":\"a\"}", false), (#"{"method":"a",}"#, false), (#"{'method':'a'}"#, false), (#"{"method":"a"/*,*/}"#, false),
        (#"{"method":NaN}"#, false), (#"{"id":01,"method":"a"}"#, false), (String(repeating: "[", count: 40), false),
        (#"{"method":"a","params":"# + String(repeating: "[", count: 40) + String(repeating: "]", count: 40) + "}", false),
        (#"{"method":"\ud800"}"#, false), ("{\"method\":\"a\nb\"}", false),
        ("[]", true), ("1", true), ("null", true), (#""getblock""#, true), ("{}", true), ("[{}]", true), (#"{"Method":"a"}"#, true),
        (#"{"method":"a","METHOD":"b"}"#, true), (#"{"method":"a","method ":"b"}"#, true), (#"{"method":"a","method\u0000":"b"}"#, true),
        (#"{"method\u0000x":"b","method":"a"}"#, true), (#"{"method":"a","params\u0000":[]}"#, true), (#"{"method":"a","\u001fid":1}"#, true),
        ("{\"method\":\"a\",\"x\u{7F}\":1}", true), ("{\(keys(32))\"method\":\"a\"}", true),
        (#"{"x":tru,"method":"a"}"#, false), (#"{"x":[1,],"method":"a"}"#, false), (#"{"x":{"y":1,},"method":"a"}"#, false),
        (#"{"x":{"y"},"method":"a"}"#, false), (#"{"x":{y:1},"method":"a"}"#, false), (#"{"x":"\x","method":"a"}"#, false),
        (#"{"x":"\udc00","method":"a"}"#, false), (#"{"x":1.,"method":"a"}"#, false), (#"{"x":-,"method":"a"}"#, false),
        (#"{"x":[1 2],"method":"a"}"#, false), (#"{"x":[1}"#, false), (#"{"x":"y"#, false), ("{\"x\":\"\u{1}\",\"method\":\"a\"}", false),
        ("[1", true), ("[x]", false), (#"{"method":x}"#, false),
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

    @Test(arguments: [
        "[" + String(repeating: "1,", count: 300_000) + "1]", String(repeating: #"{"a":[],"b":0},"#, count: 40_000) + "0]",
        String(repeating: #"\u0041"#, count: 100_000), String(repeating: "null,", count: 100_000), String(repeating: "é", count: 300_000),
    ])
    func `what a call carries is looked over, not taken in`(text: String) throws {
        let value = text.hasPrefix("[") ? text : text.hasSuffix("]") ? "[" + text : text.hasPrefix("n") ? "[\(text)0]" : "\"\(text)\""
        #expect(try JSONRPC.methods(of: Array("{\"params\":\(value),\"method\":\"a\"}".utf8), callsMax: 1) == ["a"])
    }

    @Test func `a batch is read no further than calls are allowed`() {
        let content = Array(("[" + String(repeating: #"{"method":"a"},"#, count: 3) + "and what is behind is not looked at").utf8)
        #expect(throws: JSONRPC.Failure.noCall("is a batch of more than 2 calls; send several of them")) {
            try JSONRPC.methods(of: content, callsMax: 2)
        }
    }

    @Test(arguments: JSONRPCTests.refused.map(\.0))
    func `what is looked over is refused where a value that is read would be`(content: String) {
        var isJSON = true
        do { _ = try JSON.parse(Array(content.utf8), depthMax: JSONRPC.depthMax) } catch { isJSON = false }
        let call = "{\"method\":\"a\",\"params\":\(content)}"
        let isCall = (try? JSONRPC.methods(of: Array(call.utf8), callsMax: 1)) != nil
        // Deeper by one, and with keys that may stand twice.
        if !content.contains("[[[") && !content.contains("6dethod") && !content.contains(#""a","method""#) { #expect(isCall == isJSON) }
    }

    @Test func `UTF-16 is no JSON`() {
        let content = Array(#"{"method":"a"}"#.utf16).flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
        #expect(throws: JSONRPC.Failure.self) { try JSONRPC.methods(of: content, callsMax: 1) }
    }
}
