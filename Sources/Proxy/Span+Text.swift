extension Span where Element == UInt8 {
    /// The bytes at `range` for a message: bounded, whatever a client sends.
    func shown(_ range: Range<Int>) -> String {
        var text: [UInt8] = []
        for index in range.prefix(100) { text.append(self[index]) }
        return String(decoding: text, as: UTF8.self)
    }
}
