import Glibc
import Testing

/// A directory of a test's own; gone with this.
final class Directory {
    private let top: String

    init() throws {
        var template = Array("/tmp/bearerproxy-directory-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        top = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        for name in names where unlink(path(name)) != 0 { rmdir(path(name)) }
        rmdir(top)
    }

    func path(_ name: String) -> String { "\(top)/\(name)" }

    /// What is in it, in order.
    var names: [String] {
        guard let stream = opendir(top) else { return [] }
        defer { closedir(stream) }
        var found: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name != ".", name != ".." { found.append(name) }
        }
        return found.sorted()
    }

    func mode(_ name: String) -> mode_t {
        var status = stat()
        return stat(path(name), &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    func write(_ text: String, to name: String, mode: mode_t) throws {
        let file = try #require(fopen(path(name), "w"))
        let bytes = Array(text.utf8)
        try #require(fwrite(bytes, 1, bytes.count, file) == bytes.count)
        try #require(fclose(file) == 0)
        try #require(chmod(path(name), mode) == 0)
    }

    func read(_ name: String) -> String {
        guard let file = fopen(path(name), "r") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
