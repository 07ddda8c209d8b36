internal import Wire

/// Patterns over the path that goes upstream: the upstream's base path, and the client's path without the prefix that the route
/// takes off. It is never written out for that.
struct PathRule {
    private let globs: [Glob]
    /// Where in each a path stands behind the base path.
    private let starts: [Glob.Places]

    init(_ globs: [Glob], basePath: [UInt8]) {
        self.globs = globs
        starts = globs.map { $0.advance(Glob.start, over: basePath.span, 0..<basePath.count) }
    }

    /// Whether one of them takes the path whose rest, behind the base path, stands at `rest`.
    func matches(_ bytes: Span<UInt8>, _ rest: Range<Int>) -> Bool {
        for (glob, start) in zip(globs, starts) where glob.isMatch(glob.advance(start, over: bytes, rest)) { return true }
        return false
    }

    /// For messages: the first of them.
    var text: String {
        let shown = globs.prefix(5).map(\.text).joined(separator: ", ")
        return globs.count > 5 ? "\(shown) and \(globs.count - 5) more" : shown
    }
}
