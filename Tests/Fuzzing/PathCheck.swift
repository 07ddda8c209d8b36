import Wire

/// `NormalPath`, `PathSegments`, `QueryFilter`, `Glob` and `Authority`, against readers that take text apart as a whole.
///
/// The input is five lines: a path, a query, a pattern, a text for it, and an authority.
enum PathCheck {
    static func run(_ bytes: [UInt8]) throws(Disagreement) {
        var lines = bytes.pieces(separatedBy: "\n")
        while lines.count < 5 { lines.append([]) }
        try checkPath(lines[0])
        try checkQuery(lines[1])
        try checkGlob(lines[2], lines[3])
        let text = lines[4]
        let authority = Authority(text.span, in: 0..<text.count).map { PlainAuthority($0, text) }
        try Disagreement.unless(authority, is: PlainAuthority(text), "an authority, and as it is read plainly")
    }

    private static func checkPath(_ path: [UInt8]) throws(Disagreement) {
        let deviation = NormalPath.deviation(path.span, 0..<path.count)
        let hasDots = PathSegments.haveDots(path.span, 0..<path.count)
        try Disagreement.unless(hasDots, is: PlainPath.hasDots(path), "segments of dots in \(path), and as they are read plainly")
        if deviation == nil { try Disagreement.unless(!hasDots, "a normal path has segments of dots: \(path)") }
        // Which characters look like others, the plain reader does not know.
        if deviation == .escapeOfLookalike { return }
        try Disagreement.unless(deviation == nil, is: PlainPath.isNormal(path), "whether \(path) is normal (\(String(describing: deviation)))")
    }

    private static func checkQuery(_ query: [UInt8]) throws(Disagreement) {
        let filter = QueryFilter(removing: "token")
        let plain = PlainQuery(query, name: Array("token".utf8))
        try Disagreement.unless(filter.names(query.span, 0..<query.count), is: plain.isNamed, "whether \(query) names token")
        for isContinued in [false, true] {
            let written = [UInt8](capacity: query.count + 1) { output in
                let fits = filter.write(query.span, 0..<query.count, isContinued: isContinued, into: &output)
                precondition(fits, "what stays of a query is no longer than it, and a byte")
            }
            try Disagreement.unless(written, is: plain.rest(isContinued: isContinued), "what stays of the query \(query)")
        }
    }

    private static func checkGlob(_ pattern: [UInt8], _ text: [UInt8]) throws(Disagreement) {
        // The plain reader tries every way: it is for short ones.
        guard pattern.count * text.count < 10_000, let pattern = String(validating: pattern, as: UTF8.self) else { return }
        for ignoresCase in [false, true] {
            guard let glob = Glob(path: pattern, ignoresCase: ignoresCase) else { continue }
            let plain = PlainGlob(pattern, isPath: true, ignoresCase: ignoresCase)
            try Disagreement.unless(glob.matches(text.span), is: plain.matches(text), "whether the path \(text) fits \(pattern)")
        }
        guard let glob = Glob(name: pattern) else { return }
        let plain = PlainGlob(pattern, isPath: false, ignoresCase: false)
        try Disagreement.unless(glob.matches(text.span), is: plain.matches(text), "whether the name \(text) fits \(pattern)")
    }
}
