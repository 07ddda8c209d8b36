import Testing
import Wire

@Suite struct RewrittenFieldTests {
    private static let map = AddressMap(isSecure: true, host: "api.example.com", port: 443, isName: true, basePath: "", prefix: "")

    private static func rewritten(_ lines: [String], removing names: [String] = [], weakensTags: Bool = false) throws -> [String] {
        let bytes = latin1((["HTTP/1.1 200 OK"] + lines).joined(separator: "\r\n") + "\r\n\r\nnext")
        var head = ResponseHead()
        let count = try #require(try head.parse(bytes.span))
        let address = latin1("localhost")
        let written = [UInt8](capacity: count + head.growthMax(map, addressCount: address.count)) { output in
            let isWhole = head.writeRewrittenFields(
                from: bytes.span, except: FieldFilter(removing: names), map: map, address: address.span, weakensTags: weakensTags,
                into: &output)
            #expect(isWhole)
        }
        return latin1(written).split(separator: "\r\n").map(String.init)
    }

    @Test func `every line keeps its place, and those that name the upstream change`() throws {
        let lines = try Self.rewritten([
            "A: 1", "Set-Cookie: a=1; Secure", "Location:https://api.example.com/a", "Content-Length: 4", "SET-COOKIE: b=2; Domain=example.com",
            "Connection: x-hop", "X-Hop: 1", "Link: <https://api.example.com/b>", "X-Gone: 1", "Set-Cookie: c=3", "Z:  2 \t",
        ], removing: ["x-gone"])
        #expect(
            lines == [
                "A: 1", "Set-Cookie: a=1", "Location:http://localhost/a", "SET-COOKIE: b=2", "Link: <https://api.example.com/b>",
                "Set-Cookie: c=3", "Z:  2",
            ])
    }

    @Test func `a name spelled with _ is another field`() throws {
        #expect(try Self.rewritten(["Set_Cookie: a=1; Secure"]) == ["Set_Cookie: a=1; Secure"])
    }

    @Test(arguments: [
        ("\"a\"", "W/\"a\""), ("W/\"a\"", "W/\"a\""), ("\"\"", "W/\"\""), ("a", nil), ("", nil), ("\"a", nil), ("w/\"a\"", nil), ("\"", nil),
        ("W/", nil), ("W/\"", nil),
    ] as [(String, String?)])
    func `a strong tag becomes weak, and one that is none goes`(_ tag: String, _ weakened: String?) throws {
        #expect(try Self.rewritten(["ETag: \(tag)", "A: 1"], weakensTags: true) == (weakened.map { ["ETag: \($0)"] } ?? []) + ["A: 1"])
        #expect(try Self.rewritten(["ETag:\(tag)"], weakensTags: false) == ["ETag:\(tag)"])
    }
}
