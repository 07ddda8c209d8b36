import TestShare
import Testing
import Wire

@testable import Credentials

/// Every form of a secret is found, wherever it stands and however it is cut, and nothing else is touched.
@Suite struct SecretSearchTests {
    private static let jwt = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJzb21lb25lIiwiaWF0IjoxNzAwMDAwMDAwfQ.c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw"
    private static let secrets = [jwt, "0123456789abcdef0123456789abcdef", "dXNlcjpwYS9zcysrd29yZD8/Pj4+", "8 bytes!", "p/ss+w%rd ~?>=&\u{e9}x"]

    /// What stands in an answer, put together here in another way than the product does.
    private static func forms(_ secret: String) -> [[UInt8]] {
        let bytes = Array(secret.utf8)
        func percent(_ text: [UInt8], _ kept: String = "", lower: Bool = false) -> [UInt8] {
            text.flatMap { byte -> [UInt8] in
                let character = Character(Unicode.Scalar(byte))
                if byte < 0x80, character.isLetter || character.isNumber || "-._~\(kept)".contains(character) { return [byte] }
                let digits = String(byte, radix: 16, uppercase: !lower)
                return Array("%\(digits.count == 1 ? "0" : "")\(digits)".utf8)
            }
        }
        let slashes = bytes.flatMap { $0 == UInt8(ascii: "/") ? Array("\\/".utf8) : [$0] }
        return [bytes, percent(bytes), percent(bytes, lower: true), percent(bytes, "/"), percent(percent(bytes)), slashes]
    }

    /// In base 64, by itself and behind one or two bytes: with what must not be readable of it.
    private static func encoded(_ secret: String) -> [[UInt8]] {
        ["", "x", "xy", "Bearer ", "name:"].flatMap { before in
            let bytes = Array((before + secret + "z").utf8)
            return [Base64.encode(bytes), Base64URL.encode(bytes)].map { Array($0.utf8) }
        }
    }

    private func hide(_ bytes: [UInt8], _ search: SecretSearch) -> ([UInt8], tailCount: Int) {
        var copy = bytes
        var span = copy.mutableSpan
        let tailCount = search.hide(in: &span)
        return (copy, tailCount)
    }

    private func search(_ secrets: String...) throws -> SecretSearch { try #require(SecretSearch(secrets.map { Secret($0) })) }

    @Test(arguments: secrets) func `each form becomes as many asterisks, wherever it stands`(_ secret: String) throws {
        let search = try search(secret)
        for form in Self.forms(secret) {
            for before in 0..<140 {
                let start = [UInt8](repeating: UInt8(ascii: "<"), count: before)
                let end = Array("> and so on\n".utf8)
                let (hidden, tailCount) = hide(start + form + end, search)
                #expect(hidden == start + [UInt8](repeating: UInt8(ascii: "*"), count: form.count) + end)
                #expect(tailCount == 0)
            }
        }
    }

    @Test(arguments: secrets) func `in base 64 nothing can be read of it but bits at its edges`(_ secret: String) throws {
        let search = try search(secret)
        for form in Self.encoded(secret) {
            let (hidden, _) = hide(Array("{\"".utf8) + form + Array("\"}".utf8), search)
            // All but a digit at each edge, and what stands around it.
            let digitCount = secret.utf8.count * 8 / 6 - 2
            #expect(hidden.count { $0 == UInt8(ascii: "*") } >= digitCount, "\(String(decoding: hidden, as: UTF8.self))")
            #expect(hidden.count == form.count + 4)
        }
    }

    @Test(arguments: secrets) func `a form that is cut anywhere is known by its beginning`(_ secret: String) throws {
        let search = try search(secret)
        for form in Self.forms(secret) {
            for cut in 1..<form.count {
                for before in [0, 1, 63, 64, 65, 200] {
                    let piece = [UInt8](repeating: UInt8(ascii: "\n"), count: before) + form[..<cut]
                    let (untouched, tailCount) = hide(piece, search)
                    #expect(untouched == piece && tailCount == cut)
                    let (hidden, rest) = hide(Array(piece.suffix(tailCount)) + form[cut...], search)
                    #expect(hidden.allSatisfy { $0 == UInt8(ascii: "*") } && rest == 0)
                }
            }
        }
    }

    /// What writers in use make of it, as they wrote it: Gson and .NET and PHP and Go; Python, Go, Handlebars; JavaScript, Java.
    @Test(arguments: [
        ("YS9iK2M9PT9kLzg+PQ==", "YS9iK2M9PT9kLzg+PQ\\u003d\\u003d"), ("YS9iK2M9PT9kLzg+PQ==", "YS9iK2M9PT9kLzg\\u002BPQ=="),
        ("YS9iK2M9PT9kLzg+PQ==", "YS9iK2M9PT9kLzg\\u002bPQ\\u003d\\u003d"), ("YS9iK2M9PT9kLzg+PQ==", "YS9iK2M9PT9kLzg&#43;PQ=="),
        ("YS9iK2M9PT9kLzg+PQ==", "YS9iK2M9PT9kLzg+PQ&#x3D;&#x3D;"), ("a<b>&\"quoted\"'s\\", #"a<b>&\"quoted\"'s\\"#),
        ("a<b>&\"quoted\"'s\\", #"a\u003cb\u003e\u0026\"quoted\"'s\\"#), ("a<b>&\"quoted\"'s\\", #"a\u003Cb\u003E\u0026\u0022quoted\u0022\u0027s\\"#),
        ("a<b>&\"quoted\"'s", "a&lt;b&gt;&amp;&quot;quoted&quot;&#x27;s"), ("a<b>&\"quoted\"'s", "a&lt;b&gt;&amp;&#34;quoted&#34;&#39;s"),
        ("a<b>&\"quoted\"'s", "a&lt;b&gt;&amp;&quot;quoted&quot;&#39;s"), ("a<b>&\"quoted\"'s", "a&lt;b&gt;&amp;&quot;quoted&quot;'s"),
        ("to be! (or) *not*~", "to%20be!%20(or)%20*not*~"), ("to be! (or) *not*~", "to+be%21+%28or%29+*not*%7E"),
        ("to be! (or) *not*~", "to+be%21+%28or%29+%2Anot%2A~"), ("to be! (or) *not*~", "to%20be%21%20%28or%29%20%2Anot%2A%7E"),
        ("eyJ.x-y_z~", "eyJ%2Ex%2Dy%5Fz%7E"), ("eyJ.x-y_z~", "eyJ%2ex%2dy%5fz%7e"),
        ("k!l~m/nop", "6b216c7e6d2f6e6f70"), ("k!l~m/nop", "6B216C7E6D2F6E6F70"),
    ]) func `as writers of JSON, HTML, URLs and digits have it`(_ secret: String, _ form: String) throws {
        let (hidden, _) = hide(Array("{\"a\":\"\(form)\"}".utf8), try search(secret))
        let rest = String(decoding: hidden, as: UTF8.self).dropFirst(6).dropLast(2)
        // Of the padding of a base 64, nothing need be hidden.
        #expect(rest.starts(with: "****************".prefix(secret.utf8.count)) && !rest.contains("PQ") && rest.utf8.count == form.utf8.count)
        if !secret.hasSuffix("=") { #expect(rest.allSatisfy { $0 == "*" }) }
    }

    @Test func `of a content that was cut off, half of a form is hidden, and less is not`() throws {
        let search = try search(Self.jwt)
        let bytes = Array(Self.jwt.utf8)
        for (count, isHidden) in [(15, false), (bytes.count / 2 - 1, false), (bytes.count / 2 + 1, true), (bytes.count - 1, true)] {
            for before in ["", "eyJ"] {
                var tail = Array(before.utf8) + bytes[..<count]
                var span = tail.mutableSpan
                search.hideCut(in: &span)
                let hidden = isHidden ? [UInt8](repeating: UInt8(ascii: "*"), count: count) : Array(bytes[..<count])
                #expect(tail == Array(before.utf8) + hidden, "\(count)")
            }
        }
    }

    @Test func `another token with the same beginning stays as it is`() throws {
        let search = try search(Self.jwt)
        let bytes = Array(Self.jwt.utf8)
        for index in bytes.indices {
            var other = bytes
            other[index] = other[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            let text = Array("{\"token\":\"".utf8) + other + Array("\"}".utf8)
            let (same, tailCount) = hide(text, search)
            #expect(same == text && tailCount == 0)
        }
    }

    @Test func `many in a row, and of several secrets`() throws {
        let search = try search(Self.jwt, "8 bytes!")
        let text = String(repeating: Self.jwt + "," + "8 bytes!", count: 20)
        let (hidden, tailCount) = hide(Array(text.utf8), search)
        #expect(String(decoding: hidden, as: UTF8.self) == String(text.map { $0 == "," ? "," : "*" }) && tailCount == 0)
    }

    @Test func `a search of two finds both`() throws {
        let both = try #require(SecretSearch(try search("first-secret"), try search("second-secret")))
        #expect(hide(Array("first-secret second-secret".utf8), both).0 == Array("************ *************".utf8))
    }

    @Test func `what is too short is not looked for`() throws {
        #expect(SecretSearch([Secret("seven77")]) == nil)
        #expect(SecretSearch([]) == nil)
        #expect(SecretSearch([Secret("eight888")]) != nil)
        // The longest form that is looked for fits half a buffer.
        let long = String(repeating: "t", count: 16 << 10)
        let ofLong = try search(long)
        #expect(hide(Array(long.utf8), ofLong).0.allSatisfy { $0 == UInt8(ascii: "*") })
    }

    /// Few letters, so that beginnings, ends and overlaps come often.
    @Test(arguments: Share.of(0..<40)) func `random bytes agree with a search by hand`(_ seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        func letters(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 97...98, using: &random) } }
        let secrets = [letters(.random(in: 8...12, using: &random)), letters(.random(in: 8...40, using: &random))]
        let forms = secrets.flatMap { Spellings.all(of: Secret($0)) }.map { form in form.withBytes { span in span.indices.map { span[$0] } } }
        let search = try #require(SecretSearch(secrets.map { Secret($0) }))
        for _ in 0..<60 {
            var text = letters(.random(in: 0...300, using: &random))
            if Bool.random(using: &random) { text += secrets[0].prefix(.random(in: 0...secrets[0].count, using: &random)) }
            let (hidden, tailCount) = hide(text, search)
            for form in forms { #expect(hidden.firstRange(of: form) == nil) }
            let covered = forms.flatMap { text.ranges(of: $0) }
            for index in text.indices where hidden[index] != text[index] {
                #expect(hidden[index] == UInt8(ascii: "*") && covered.contains { $0.contains(index) })
            }
            let tail = (0...hidden.count).first { start in forms.contains { $0.count > hidden.count - start && $0.starts(with: hidden[start...]) } }
            #expect(hidden.count - tailCount == tail)
        }
    }

    @Test func `nothing that prints shows it`() throws {
        var text = ""
        let search = try search("hush-hush-hush")
        dump(search, to: &text)
        #expect(!text.contains("hush-hush") && !"\(search)".contains("hush-hush"))
    }

    @Test func `of a basic credential the password is looked for too`() throws {
        let grant = try Grant.basic(username: Secret("somebody"), password: Secret("correct horse"))
        let search = try #require(TokenCache(grant: grant, seed: 1).search())
        let encoded = Base64.encode(Array("somebody:correct horse".utf8))
        let (hidden, _) = hide(Array("\(encoded) correct horse correct%20horse somebody".utf8), search)
        let text = String(decoding: hidden, as: UTF8.self)
        #expect(text == String(repeating: "*", count: encoded.utf8.count) + " ************* *************** somebody")
    }
}
