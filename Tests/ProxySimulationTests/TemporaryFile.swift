import EventLoop
import Glibc

/// A file for what is only read from files; gone with its owner.
final class TemporaryFile {
    let path: String

    init(_ content: [UInt8]) throws {
        var template = Array("/tmp/bearerproxy-simulation-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard descriptor >= 0 else { throw SystemError(call: "mkstemp", errno: errno, subject: path) }
        defer { close(descriptor) }
        guard write(descriptor, content, content.count) == content.count else {
            throw SystemError(call: "write", errno: errno, subject: path)
        }
    }

    deinit { unlink(path) }

    /// What is in it by now, as text.
    var text: String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&piece, 1, piece.count, file), count > 0 { bytes += piece[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
