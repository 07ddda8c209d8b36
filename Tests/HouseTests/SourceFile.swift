import Glibc

/// A Swift file of the product, or one that a test made up.
struct SourceFile {
    /// The folder under `Sources`.
    let target: String
    /// From the top of the package.
    let path: String
    let text: String

    /// All Swift files under `Sources`, in the order of their paths.
    static func all() throws -> [SourceFile] {
        let top = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
        return try swiftFiles(in: "\(top)/Sources").sorted().map { path in
            let relative = String(path.dropFirst(top.utf8.count + 1))
            return SourceFile(
                target: String(relative.split(separator: "/")[1]), path: relative, text: String(decoding: try read(path), as: UTF8.self))
        }
    }

    private static func swiftFiles(in folder: String) throws -> [String] {
        guard let stream = opendir(folder) else { throw Unreadable(path: folder) }
        defer { closedir(stream) }
        var found: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name.hasPrefix(".") { continue }
            if entry.pointee.d_type == UInt8(DT_DIR) {
                found += try swiftFiles(in: "\(folder)/\(name)")
            } else if name.hasSuffix(".swift") {
                found.append("\(folder)/\(name)")
            }
        }
        return found
    }

    private static func read(_ path: String) throws -> [UInt8] {
        guard let file = fopen(path, "r") else { throw Unreadable(path: path) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&piece, 1, piece.count, file), count > 0 { bytes += piece[..<count] }
        return bytes
    }

    struct Unreadable: Error {
        let path: String
    }
}
