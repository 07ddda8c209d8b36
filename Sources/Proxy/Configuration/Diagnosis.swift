/// What is found wrong while one file is decoded.
final class Diagnosis {
    let file: String
    private let source: [UInt8]
    /// Offsets at which lines begin. LF, CR and CRLF each end one.
    private let lineStarts: [Int]
    private var foundErrors: [(offset: Int, finding: Finding)] = []
    private var foundWarnings: [(offset: Int, finding: Finding)] = []

    init(file: String, source: [UInt8]) {
        self.file = file
        self.source = source
        var starts = [0]
        for (index, byte) in source.enumerated() {
            let isReturn = byte == UInt8(ascii: "\r") && !(index + 1 < source.count && source[index + 1] == UInt8(ascii: "\n"))
            if byte == UInt8(ascii: "\n") || isReturn { starts.append(index + 1) }
        }
        lineStarts = starts
    }

    /// In the order of the file.
    var errors: [Finding] {
        foundErrors.enumerated().sorted { ($0.element.offset, $0.offset) < ($1.element.offset, $1.offset) }.map(\.element.finding)
    }

    /// In the order of the file.
    var warnings: [Finding] {
        foundWarnings.enumerated().sorted { ($0.element.offset, $0.offset) < ($1.element.offset, $1.offset) }.map(\.element.finding)
    }

    func error(at offset: Int, _ keyPath: String, _ message: String) {
        foundErrors.append((offset, Finding(place: place(of: offset, keyPath), message: message)))
    }

    func warning(at offset: Int, _ keyPath: String, _ message: String) {
        foundWarnings.append((offset, Finding(place: place(of: offset, keyPath), message: message)))
    }

    func place(of offset: Int, _ keyPath: String) -> Place {
        // The last line that begins at or before the offset.
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        let before = source[lineStarts[low]..<min(offset, source.count)]
        // Every byte of a character but its first is 10xxxxxx.
        let column = before.reduce(1) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 }
        return Place(file: file, line: low + 1, column: column, keyPath: keyPath)
    }
}
