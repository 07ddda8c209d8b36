@testable import Credentials

/// `SecretSearch`: no form of a secret is left in what comes in pieces, nothing but its bytes becomes an asterisk, and no byte is lost.
///
/// In the input, the bytes 1 to 6 stand for forms of the secrets, as servers spell them.
enum SecretSearchCheck {
    private static let secrets = ["Zm9vYmFyIQ==", "p/ss+w%rd ~?>=&x"]
    private static let forms: [[UInt8]] = [
        "Zm9vYmFyIQ==", "Zm9vYmFyIQ%3D%3D", "p/ss+w%rd ~?>=&x", "p%2Fss%2Bw%25rd%20~%3F%3E%3D%26x", "p\\/ss+w%rd ~?>=&x",
        hexadecimal(Array(secrets[1].utf8)),
    ].map { Array($0.utf8) }

    static func run(_ bytes: [UInt8]) throws(Disagreement) {
        guard let search = SecretSearch(secrets.map { Secret($0) }) else { throw Disagreement("nothing is looked for") }
        let content = bytes.flatMap { (1...UInt8(forms.count)).contains($0) ? forms[Int($0) - 1] : [$0] }
        var cuts = Cuts(bytes)
        var output: [UInt8] = []
        var held: [UInt8] = []
        var rest = content[...]
        while !rest.isEmpty {
            let piece = rest.prefix(cuts.piece())
            rest = rest.dropFirst(piece.count)
            var joined = held + piece
            var span = joined.mutableSpan
            let tailCount = search.hide(in: &span)
            try Disagreement.unless((0...joined.count).contains(tailCount), "\(tailCount) bytes of \(joined.count) wait")
            output += joined.dropLast(tailCount)
            held = joined.suffix(tailCount)
        }
        var span = held.mutableSpan
        search.hideCut(in: &span)
        output += held
        try Disagreement.unless(output.count, is: content.count, "bytes that went out, and came in")
        let isKept = zip(output, content).allSatisfy { $0 == $1 || $0 == UInt8(ascii: "*") }
        try Disagreement.unless(isKept, "a byte became another")
        for form in forms {
            let isSeen = output.indices.contains { output[$0...].starts(with: form) }
            try Disagreement.unless(!isSeen, "\(String(decoding: form, as: UTF8.self)) is seen")
        }
    }
}
