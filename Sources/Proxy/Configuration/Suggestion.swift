/// Which of the known words was probably meant.
enum Suggestion {
    /// The nearest of `words`, if it is near enough to be a slip: one edit in three characters, letter case apart.
    static func nearest(to text: String, among words: [String]) -> String? {
        // Beyond this length it is no slip, and the table below would grow with the square.
        guard text.utf8.count <= 64 else { return nil }
        let distances = words.map { (word: $0, distance: distance(text.lowercased(), $0.lowercased())) }
        guard let best = distances.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(1, min(text.count, best.word.count) / 3) ? best.word : nil
    }

    /// Insertions, deletions, substitutions and swaps of neighbours that lead from one to the other.
    static func distance(_ from: String, _ to: String) -> Int {
        let from = Array(from.unicodeScalars)
        let to = Array(to.unicodeScalars)
        var beforePrevious: [Int] = []
        var previous = Array(0...to.count)
        for row in 0..<from.count {
            var current = [row + 1]
            for column in 0..<to.count {
                let substitution = previous[column] + (from[row] == to[column] ? 0 : 1)
                var best = min(substitution, previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, from[row] == to[column - 1], from[row - 1] == to[column] {
                    best = min(best, beforePrevious[column - 1] + 1)
                }
                current.append(best)
            }
            beforePrevious = previous
            previous = current
        }
        return previous[to.count]
    }
}
