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
}
