@testable import Credentials

/// `SecretSearch`: no form of a secret is left in what comes in pieces, no other byte becomes an asterisk, and no byte is lost.
///
/// In the input, the bytes 1 to 6 stand for forms of the secrets, as servers spell them.
enum SecretSearchCheck {
    private static let secrets = ["Zm9vYmFyIQ==", "p/ss+w%rd ~?>=&x"]
    private static let forms: [[UInt8]] = [
        "Zm9vYmFyIQ==", "Zm9vYmFyIQ%3D%3D", "p/ss+w%rd ~?>=&x", "p%2Fss%2Bw%25rd%20~%3F%3E%3D%26x", "p\\/ss+w%rd ~?>=&x",
        hexadecimal(Array(secrets[1].utf8)),
    ].map { Array($0.utf8) }

    /// All that is looked for: what the product makes of the secrets, whose spelling the tests of `Spellings` look at.
    private static let spelled: [[UInt8]] = secrets.flatMap { Spellings.all(of: Secret($0)) }
        .map { form in form.withBytes { bytes in bytes.indices.map { bytes[$0] } } }.filter { $0.count >= Limits().soughtBytesMin }

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
        let mayBeHidden = mayBeHidden(content)
        for index in content.indices where output[index] != content[index] {
            try Disagreement.unless(output[index] == UInt8(ascii: "*") && mayBeHidden[index], "byte \(index) of \(content) became another")
        }
        for form in forms {
            let isSeen = output.indices.contains { output[$0...].starts(with: form) }
            try Disagreement.unless(!isSeen, "\(String(decoding: form, as: UTF8.self)) is seen")
        }
    }

    /// By byte: whether it is one of a form that stands there, or of so much of one that the content is cut off in it.
    private static func mayBeHidden(_ content: [UInt8]) -> [Bool] {
        var may = [Bool](repeating: false, count: content.count)
        for form in spelled {
            for start in content.indices where content[start] == form[0] {
                let piece = content[start...].prefix(form.count)
                let isCut = piece.count < form.count && 2 * piece.count >= form.count && piece.count >= Limits().cutBytesMin
                guard form.starts(with: piece), piece.count == form.count || isCut else { continue }
                for index in piece.indices { may[index] = true }
            }
        }
        return may
    }
}
