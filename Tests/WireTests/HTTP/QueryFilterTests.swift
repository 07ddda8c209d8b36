import Testing
import Wire

/// A query, and what stays of it without `token`.
struct QueryVector: Sendable, CustomStringConvertible {
    let description: String
    let query: String
    /// With its `?`; empty where nothing stays.
    let kept: String

    init(_ name: String, _ query: String, keeps kept: String) {
        description = name
        self.query = query
        self.kept = kept
    }

    /// The query stays as it is.
    init(_ name: String, stays query: String) { self.init(name, query, keeps: "?\(query)") }
}

private let queryVectors: [QueryVector] = [
    QueryVector("nothing to leave out", stays: "a=1&b=2;c=3"),
    QueryVector("an empty query", stays: ""),
    QueryVector("separators alone", stays: "&;&"),
    QueryVector("an empty name", stays: "=token&=1"),
    QueryVector("a value that is the name", stays: "a=token&b=token=1"),
    QueryVector("a longer name", stays: "tokenx=1&xtoken=2&tokens&to-ken=3&token_=4&tokentoken=5"),
    QueryVector("a shorter name", stays: "toke=1&t=2&oken=3"),
    QueryVector("a name in two words", stays: "token+x=1&token%20x=2&x+token=3&to+ken=4"),
    QueryVector("a key in brackets", stays: "a[token]=1&a%5Btoken%5D=2"),
    QueryVector("a member of it", stays: "token.x=1"),
    QueryVector("an encoded value", stays: "url=http%3A%2F%2Fa%2F%3Fb%3D1%26token%3D2"),
    QueryVector("another name, encoded", stays: "%61=1&%74oke=2&%2574oke=3&%=4&%t=5&%74=6"),
    QueryVector("an encoding that is none", stays: "to%6=1&to%6gen=2&%74oken%=3"),
    QueryVector("bytes that are no ASCII", stays: "t%C3%B6ken=1&%EF%BD%94oken=2"),
    QueryVector("a threefold encoding", stays: "%252574oken=1"),

    QueryVector("it alone", "token=x", keeps: ""),
    QueryVector("it alone, without a value", "token", keeps: ""),
    QueryVector("it alone, with an empty value", "token=", keeps: ""),
    QueryVector("it first", "token=x&a=1", keeps: "?a=1"),
    QueryVector("it in the middle", "a=1&token=x&b=2", keeps: "?a=1&b=2"),
    QueryVector("it at the end", "a=1&token=x", keeps: "?a=1"),
    QueryVector("several", "token=x&a=1&token=y&token&b=2&token=z", keeps: "?a=1&b=2"),
    QueryVector("several, and nothing else", "token=x&token=y;token=z", keeps: ""),
    QueryVector("semicolons", "a=1;token=x;b=2", keeps: "?a=1;b=2"),
    QueryVector("a semicolon in what may be a value", "a=1;token=x&b=2", keeps: "?a=1&b=2"),
    QueryVector("both separators", "token=x;a=1&token=y;b=2", keeps: "?a=1;b=2"),
    QueryVector("empty parameters beside it", "&token=x&&a=1&", keeps: "?a=1"),
    QueryVector("a value with signs", "token=x=y?z&a=1", keeps: "?a=1"),
    QueryVector("another case", "Token=x&a=1&TOKEN=y&tOkEn=z", keeps: "?a=1"),
    QueryVector("one letter encoded", "t%6Fken=x&a=1&tok%65n=y&%74oken=z", keeps: "?a=1"),
    QueryVector("all letters encoded", "%74%6f%6B%65%6e=x&a=1", keeps: "?a=1"),
    QueryVector("capitals encoded", "%54OKEN=x&a=1", keeps: "?a=1"),
    QueryVector("encoded twice", "%2574oken=x&a=1&t%256Fken=y&%25%37%34oken=z", keeps: "?a=1"),
    QueryVector("encoded twice in part", "%%37%34oken=x&a=1", keeps: "?a=1"),
    QueryVector("white space around", "+token=x&a=1&token+=y&%20token%20=z&%09token=1&token%0A=2&%2Btoken=3&%2520token=4", keeps: "?a=1"),
    QueryVector("brackets behind", "token[]=x&a=1&token[0]=y&token%5B%5D=z&token%255B=1&token[a][b]=2&token]=3&token[", keeps: "?a=1"),
    QueryVector("a question mark more", "?token=x&a=1&??to%6ben=y&%3Ftoken=z", keeps: "?a=1"),
    QueryVector("brackets around", "[token]=x&a=1&%5Btoken%5D=y&[[token]]=z", keeps: "?a=1"),
    QueryVector("white space and brackets", "+token+[]=x&a=1", keeps: "?a=1"),
    QueryVector("an encoded equals sign", "token%3Dx&a=1&token%3D=y&token%253Dx=z", keeps: "?a=1"),
    QueryVector("behind an encoded separator", "x%26token=1&a=1&x%3Btoken=2&x%3D1%26token=3&x%2526token=4", keeps: "?a=1"),
    QueryVector("before an encoded separator", "token%26x=1&a=1&token%3B=2", keeps: "?a=1"),
    QueryVector("before a NUL", "token%00=1&a=1&token%00x=2&token%2500x=3&%00token=4", keeps: "?a=1"),
]

@Suite struct QueryFilterTests {
    @Test(arguments: queryVectors)
    func `a parameter is left out in every spelling, and nothing else`(vector: QueryVector) {
        #expect(filtered(vector.query) == vector.kept)
        // Behind a parameter that is there already, nothing differs but that empty parameters are left out.
        let rest = vector.kept.dropFirst().split(whereSeparator: { $0 == "&" || $0 == ";" })
        let continued = filtered(vector.query, isContinued: true)
        #expect(continued.dropFirst().split(whereSeparator: { $0 == "&" || $0 == ";" }) == rest)
        #expect(continued.first == (rest.isEmpty ? nil : "&"))
    }

    @Test(arguments: ["a=1", "token=x&a=1", "a=1&token=x", ""])
    func `what does not fit is told`(query: String) {
        let needed = filtered(query).utf8.count
        for room in 0..<needed { #expect(filter(query, room: room) == nil) }
        #expect(filter(query, room: needed) != nil)
    }

    @Test func `what was left out stays left out`() {
        for vector in queryVectors where !vector.kept.isEmpty {
            #expect(filtered(String(vector.kept.dropFirst())) == vector.kept)
        }
    }

    private func filtered(_ query: String, isContinued: Bool = false) -> String {
        filter(query, isContinued: isContinued, room: 1000) ?? "no room"
    }

    /// The query is looked at between other bytes, which stay out of it.
    private func filter(_ query: String, isContinued: Bool = false, room: Int) -> String? {
        let bytes = Array("GET /token?\(query) token=x".utf8)
        let range = 11..<11 + query.utf8.count
        var fits = false
        let written = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            var output = OutputSpan(buffer: buffer, initializedCount: 0)
            fits = QueryFilter(removing: "token").write(bytes.span, range, isContinued: isContinued, into: &output)
            count = output.finalize(for: buffer)
        }
        return fits ? String(decoding: written, as: UTF8.self) : nil
    }
}
