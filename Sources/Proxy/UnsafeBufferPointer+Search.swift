extension UnsafeBufferPointer where Element == UInt8 {
    /// Whether `text`, which is not empty, stands somewhere in these bytes.
    func holds(_ text: [UInt8]) -> Bool {
        guard count >= text.count else { return false }
        return (0...count - text.count).contains { self[$0] == text[0] && self[$0..<$0 + text.count].elementsEqual(text) }
    }
}
