import Glibc
import Testing

/// A file that a secret stands in, and that its owner alone may read; gone with this.
final class SecretFile {
    let path: String

    init(_ secret: String) throws {
        var template = Array("/tmp/bearerproxy-secret-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        try #require(descriptor >= 0)
        close(descriptor)
        try replace(by: secret)
    }

    deinit { unlink(path) }

    /// As whoever rotates a secret does it: nobody sees half of it.
    func replace(by secret: String) throws {
        let bytes = Array(secret.utf8)
        let descriptor = open("\(path).new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        try #require(write(descriptor, bytes, bytes.count) == bytes.count)
        try #require(rename("\(path).new", path) == 0)
    }

    func remove() { unlink(path) }

    var text: String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
