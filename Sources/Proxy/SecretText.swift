internal import EventLoop

/// What of the bytes in a secret's place is the secret.
enum SecretText {
    /// Bytes of a secret. A JWT has 2 KiB, a long key 8 KiB; what is larger is some other file.
    static let bytesMax = 64 << 10

    /// Takes the line breaks at the end off, and refuses what cannot be a secret. `what` begins the message.
    static func secret(_ bytes: [UInt8], of source: SecretSource, _ what: @autoclosure () -> String) throws(SecretError) -> [UInt8] {
        let end = (bytes.lastIndex { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") } ?? -1) + 1
        guard end > 0 else { throw SecretError(source, "\(what()) is empty; put the secret there") }
        // It will stand in a field of a request, where a line break would begin another one.
        guard !bytes[..<end].contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw SecretError(
                source, "\(what()) holds a line break or another control character; put the secret alone there, on one line")
        }
        return end == bytes.count ? bytes : Array(bytes[..<end])
    }

    /// What a command printed, as a secret.
    static func secret(printed output: Result<[UInt8], CommandError>, for source: SecretSource) throws(SecretError) -> [UInt8] {
        switch output {
        case .success(let bytes): return try secret(bytes, of: source, "the output of the command")
        case .failure(let error): throw SecretError(source, error.description)
        }
    }
}
