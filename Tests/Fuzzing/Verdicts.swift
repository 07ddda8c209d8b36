import Glibc

/// A file with a line for each input: its bytes, and what was read of them.
public struct Verdicts: ~Copyable {
    private let file: UnsafeMutablePointer<FILE>

    /// Goes on behind what the file has.
    public init(_ path: String) {
        guard let file = fopen(path, "ae") else { preconditionFailure("\(path) cannot be opened to write what was read") }
        self.file = file
    }

    deinit { fclose(file) }

    public func add(_ bytes: [UInt8], _ verdict: String) {
        fputs("\(hexadecimal(bytes)) \(verdict)\n", file)
        precondition(fflush(file) == 0, "what was read could not be written")
    }
}

/// Two digits a byte; `-` for none, so that the words of a line can be told apart.
func hexadecimal(_ bytes: some Collection<UInt8>) -> String {
    if bytes.isEmpty { return "-" }
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(2 * bytes.count)
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}
