import Testing
import Wire

/// Field lines of a request, and whether a proxy may ask for gzip in the client's place.
private let requests: [(name: String, lines: [String], mayAsk: Bool)] = [
    ("no field", [], true),
    ("an empty field", ["Accept-Encoding:"], true),
    ("identity", ["Accept-Encoding: identity"], true),
    ("another coding", ["Accept-Encoding: br"], true),
    ("several others", ["Accept-Encoding: deflate, br;q=0.9, zstd"], true),
    ("gzip", ["Accept-Encoding: gzip"], false),
    ("gzip in any case", ["accept-encoding: GZip"], false),
    ("x-gzip", ["Accept-Encoding: X-Gzip"], false),
    ("gzip among others", ["Accept-Encoding: deflate, gzip, br"], false),
    ("gzip in a second line", ["Accept-Encoding: br", "Accept-Encoding: gzip"], false),
    ("gzip with a weight", ["Accept-Encoding: gzip;q=0.001"], false),
    ("gzip with a weight and white space", ["Accept-Encoding: gzip \t; \tQ=1.000"], false),
    ("gzip refused", ["Accept-Encoding: gzip;q=0"], true),
    ("gzip refused in full", ["Accept-Encoding: gzip;q=0.000"], true),
    ("gzip refused with a point", ["Accept-Encoding: gzip;q=0."], true),
    ("gzip accepted with a point", ["Accept-Encoding: gzip;q=1."], false),
    ("gzip refused and x-gzip accepted", ["Accept-Encoding: gzip;q=0, x-gzip"], false),
    ("anything", ["Accept-Encoding: *"], false),
    ("anything but gzip", ["Accept-Encoding: *, gzip;q=0"], true),
    ("anything but gzip, the other way around", ["Accept-Encoding: gzip;q=0, *;q=0.5"], true),
    ("nothing but br, by a star", ["Accept-Encoding: br, *;q=0"], false),
    ("nothing but identity, by a star", ["Accept-Encoding: identity, *;q=0"], true),
    ("nothing at all", ["Accept-Encoding: *;q=0"], false),
    ("identity refused", ["Accept-Encoding: br, identity;q=0"], false),
    ("identity refused alone", ["Accept-Encoding: identity;q=0.0"], false),
    ("identity refused and accepted", ["Accept-Encoding: identity;q=0, identity"], true),
    ("a name that begins with gzip", ["Accept-Encoding: gzip2, gzipp"], true),
    ("empty members", ["Accept-Encoding: , ,deflate,, "], true),
    ("empty members around gzip", ["Accept-Encoding: , ,gzip,, "], false),
    ("malformed: a weight above one", ["Accept-Encoding: br;q=1.001"], false),
    ("malformed: a weight of two", ["Accept-Encoding: br;q=2"], false),
    ("malformed: four digits", ["Accept-Encoding: br;q=0.1234"], false),
    ("malformed: no digits", ["Accept-Encoding: br;q="], false),
    ("malformed: a negative weight", ["Accept-Encoding: br;q=-1"], false),
    ("malformed: no weight", ["Accept-Encoding: br;"], false),
    ("malformed: another parameter", ["Accept-Encoding: br;level=9"], false),
    ("malformed: two weights", ["Accept-Encoding: br;q=1;q=0"], false),
    ("malformed: no coding", ["Accept-Encoding: ;q=1"], false),
    ("malformed: white space within", ["Accept-Encoding: br identity"], false),
    ("malformed: quoted", ["Accept-Encoding: \"br\""], false),
    ("malformed in a second line", ["Accept-Encoding: br", "Accept-Encoding: /"], false),
    ("more members than are looked at", ["Accept-Encoding: " + [String](repeating: "br", count: 33).joined(separator: ",")], false),
    ("as many as are looked at", ["Accept-Encoding: " + [String](repeating: "br", count: 32).joined(separator: ",")], true),
    ("another field that ends so", ["X-Accept-Encoding: gzip"], true),
    ("spelled with _, which is another field", ["Accept_Encoding: gzip"], true),
    ("a range", ["Range: bytes=0-1"], false),
    ("a range in any case", ["rAnGe: bytes=0-1", "Accept-Encoding: identity"], false),
    ("a condition for a range that is not asked for", ["If-Range: \"a\""], true),
    ("no-transform", ["Cache-Control: no-transform"], false),
    ("no-transform among others", ["cache-control: max-age=0 , No-Transform"], false),
    ("other directives", ["Cache-Control: no-cache, no-transformation, x=no-transform"], true),
]

@Suite struct ContentCodingTests {
    @Test(arguments: requests)
    func `gzip is asked for where the client takes identity and not gzip`(_ name: String, _ lines: [String], _ mayAsk: Bool) throws {
        let bytes = latin1((["GET / HTTP/1.1", "Host: a"] + lines).joined(separator: "\r\n") + "\r\n\r\n")
        var head = RequestHead()
        _ = try #require(try head.parse(bytes.span))
        #expect(head.mayAskForGzip(bytes.span) == mayAsk)
    }

    @Test(arguments: [
        ("gzip", 200, ["Content-Encoding: gzip"], true),
        ("gzip in any case", 200, ["content-encoding: GZIP"], true),
        ("x-gzip", 404, ["Content-Encoding: x-gzip"], true),
        ("none", 200, ["Content-Type: text/plain"], false),
        ("another", 200, ["Content-Encoding: br"], false),
        ("twice", 200, ["Content-Encoding: gzip, gzip"], false),
        ("in two lines", 200, ["Content-Encoding: gzip", "Content-Encoding: gzip"], false),
        ("with another", 200, ["Content-Encoding: br", "Content-Encoding: gzip"], false),
        ("with a parameter", 200, ["Content-Encoding: gzip;q=1"], false),
        ("spelled with _", 200, ["Content_Encoding: gzip"], false),
        ("with identity", 200, ["Content-Encoding: gzip, identity"], true),
        ("behind identity and an empty line", 200, ["Content-Encoding: identity", "Content-Encoding:", "Content-Encoding: ,GZip"], true),
        ("identity alone", 200, ["Content-Encoding: identity"], false),
        ("a part", 206, ["Content-Encoding: gzip"], false),
        ("no-transform", 200, ["Cache-Control: public, no-transform", "Content-Encoding: gzip"], false),
    ])
    func `content is inflated where it is gzip, once, whole, and may be changed`(
        _ name: String, _ status: Int, _ lines: [String], _ isInflatable: Bool
    ) throws {
        let bytes = latin1((["HTTP/1.1 \(status) X"] + lines).joined(separator: "\r\n") + "\r\n\r\n")
        var head = ResponseHead()
        _ = try #require(try head.parse(bytes.span))
        #expect(head.hasInflatableContent(bytes.span) == isInflatable)
    }

    @Test(arguments: [
        ([], true), (["Content-Encoding: identity"], true), (["content-encoding: IDENTITY , identity"], true), (["Content-Encoding:"], true),
        (["Content-Encoding: , ,"], true), (["Content_Encoding: gzip"], true), (["Content-Encoding: br"], false),
        (["Content-Encoding: identity", "Content-Encoding: br"], false), (["Content-Encoding: gzip, identity"], false),
        (["Content-Encoding: identity2"], false), (["Content-Encoding: identity;q=1"], false),
    ] as [([String], Bool)])
    func `content is plain where no coding is named but identity`(_ lines: [String], _ isPlain: Bool) throws {
        let bytes = latin1((["HTTP/1.1 200 X"] + lines).joined(separator: "\r\n") + "\r\n\r\n")
        var head = ResponseHead()
        _ = try #require(try head.parse(bytes.span))
        #expect(head.hasPlainContent(bytes.span) == isPlain)
    }

    @Test(arguments: [
        ([], false), (["Vary: Accept-Encoding"], true), (["vary: origin,  ACCEPT-encoding , cookie"], true), (["Vary: *"], true),
        (["Vary: Origin", "Vary: Accept-Encoding"], true), (["Vary: Accept"], false), (["Vary: X-Accept-Encoding"], false),
    ] as [([String], Bool)])
    func `Vary is found in whichever line it names the field`(_ lines: [String], _ varies: Bool) throws {
        let bytes = latin1((["HTTP/1.1 200 X"] + lines).joined(separator: "\r\n") + "\r\n\r\n")
        var head = ResponseHead()
        _ = try #require(try head.parse(bytes.span))
        #expect(head.variesByAcceptEncoding(bytes.span) == varies)
    }
}
