internal import EventLoop
internal import Glibc
internal import Wire

/// The file that keeps the sealed tokens of all credentials: text, a line for each.
///
///     bearerproxy token cache 1
///     NAME BASE64
///
/// It is replaced as a whole, never written to: whoever reads it sees the old or the new one. Nothing waits for the disk, so
/// a crash of the machine may leave an old or a damaged one; that costs an authentication, and no more.
final class TokenFile: Sendable {
    /// Bytes of the file. A token and its refresh token have some 4 KiB here, so there is room for a thousand.
    static let bytesMax = 4 << 20
    private static let title = "bearerproxy token cache "
    private static let version = "1"

    /// What is kept for one credential. The generation is of this process, and of the credential that had the name
    /// then, by its number; what an earlier process left comes before all of it.
    private struct Entry {
        var part = 0
        var generation: UInt64 = 0
        let sealed: [UInt8]
    }

    private struct Content {
        var entries: [String: Entry]
        /// The credentials in force, by their numbers; nil: any may be.
        var parts: [String: Int]?
    }

    let path: String
    private let content: Locked<Content>
    /// What of the file could not be used, and why; nil if there was nothing wrong with it.
    let fault: String?

    /// Reads what is there.
    ///
    /// - Throws: when the file may not be used: it is something else, somebody else's, or open to others, or it could not be
    ///   replaced. What it holds is no reason: anything that cannot be understood is left out, and `fault` tells of it.
    init(_ settings: TokenCacheSettings) throws(TokenFileError) {
        path = settings.file
        let content = try Self.read(path, settings.place)
        let (entries, fault) = content.map(Self.taken) ?? ([:], nil)
        self.content = Locked(Content(entries: entries.mapValues { Entry(sealed: $0) }))
        self.fault = fault
    }

    /// What is kept for a credential, still sealed.
    func sealed(for name: String) -> [UInt8]? { content.withLock { $0.entries[name]?.sealed } }

    /// Forgets what does not fit, or belongs to nobody any more, and takes it out of the file.
    ///
    /// - Parameter parts: the numbers of the credentials in force. From now on nothing is kept for any other.
    func keep(of parts: [String: Int]? = nil, only isKept: (String) -> Bool) throws(SystemError) {
        let fault = content.withLock { content -> SystemError? in
            if let parts { content.parts = parts }
            let kept = content.entries.filter { isKept($0.key) }
            guard kept.count < content.entries.count else { return nil }
            content.entries = kept
            do throws(SystemError) { try write(kept) } catch { return error }
            return nil
        }
        if let fault { throw fault }
    }

    /// Puts this in the place of what was kept for the credential, and replaces the file; unless a token of a later generation,
    /// which another loop obtained, is there by now, or one of a later credential of this name, or this one is no longer in force.
    func replace(_ name: String, by sealed: [UInt8], part: Int = 0, generation: UInt64) throws(SystemError) {
        // Until it is written, too: what another loop keeps comes before or after it as a whole.
        let fault = content.withLock { content -> SystemError? in
            if let parts = content.parts, parts[name] != part { return nil }
            if let present = content.entries[name], (present.part, present.generation) > (part, generation) { return nil }
            content.entries[name] = Entry(part: part, generation: generation, sealed: sealed)
            do throws(SystemError) { try write(content.entries) } catch { return error }
            return nil
        }
        if let fault { throw fault }
    }

    private func write(_ entries: [String: Entry]) throws(SystemError) {
        var text = "\(Self.title)\(Self.version)\n"
        for (name, entry) in entries.sorted(by: { $0.key < $1.key }) { text += "\(name) \(Base64.encode(entry.sealed))\n" }
        guard text.utf8.count <= Self.bytesMax else { throw SystemError(call: "write", errno: EFBIG, subject: path) }
        try write(Array(text.utf8))
    }

    // MARK: reading

    /// What stands in it, and what is wrong with that.
    private static func taken(_ content: [UInt8]) -> ([String: [UInt8]], fault: String?) {
        guard content.count <= bytesMax else { return ([:], "it has more than \(bytesMax) bytes") }
        var lines = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        // Behind the last line break is nothing, unless the end is missing.
        let end = lines.popLast() ?? []
        guard let first = lines.first, Array(first) == Array("\(Self.title)\(Self.version)".utf8) else {
            return ([:], lines.isEmpty ? "it is cut off" : "it is of another version")
        }
        var entries: [String: [UInt8]] = [:]
        var fault = end.isEmpty ? nil : "it is cut off"
        for line in lines.dropFirst() {
            let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 1)
            guard parts.count == 2, let sealed = Base64.decode(Array(parts[1])) else {
                fault = "it is damaged"
                continue
            }
            entries[String(decoding: parts[0], as: UTF8.self)] = sealed
        }
        return (entries, fault)
    }

    /// Nil if there is no file.
    private static func read(_ path: String, _ place: Place) throws(TokenFileError) -> [UInt8]? {
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        guard access(directory, W_OK | X_OK) == 0 else {
            throw TokenFileError(
                place, "cannot write into the directory \(quoted(directory)): \(SystemError.text(for: errno)); make it, and let the user of "
                    + "bearerproxy write to it")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            let advice = errno == ELOOP ? "it is a symbolic link; write the path of the file itself" : "remove it, or write another path"
            throw TokenFileError(place, "\(quoted(path)) cannot be opened: \(SystemError.text(for: errno)); \(advice)")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw TokenFileError(place, "\(quoted(path)) is no file; write the path of one")
        }
        guard status.st_uid == geteuid() else {
            throw TokenFileError(place, "\(quoted(path)) belongs to another user; remove it, or write another path")
        }
        guard status.st_mode & (S_IRWXG | S_IRWXO) == 0 else {
            throw TokenFileError(place, "\(quoted(path)) is open to others; run chmod 600 on it, or remove it")
        }
        return try readAll(descriptor, path, place)
    }

    private static func readAll(_ descriptor: Int32, _ path: String, _ place: Place) throws(TokenFileError) -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= bytesMax {
            let count = Glibc.read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw TokenFileError(place, "\(quoted(path)) cannot be read: \(SystemError.text(for: errno)); remove it, or write another path")
            }
            if count == 0 { break }
            bytes.append(contentsOf: piece[..<count])
        }
        // What somebody else keeps there is not to be overwritten.
        let title = Array(title.utf8)
        guard bytes.prefix(title.count).elementsEqual(title.prefix(bytes.count)) else {
            throw TokenFileError(place, "\(quoted(path)) is something else than a token cache, and would be overwritten; write another path")
        }
        return bytes
    }

    // MARK: writing

    private func write(_ bytes: [UInt8]) throws(SystemError) {
        let temporary = "\(path).new"
        // Nobody else's file is opened, nor one that a link leads to. One that is there is left from a crash.
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        var descriptor = open(temporary, flags, 0o600)
        if descriptor < 0, errno == EEXIST, unlink(temporary) == 0 { descriptor = open(temporary, flags, 0o600) }
        guard descriptor >= 0 else { throw SystemError(call: "open", errno: errno, subject: temporary) }
        var failure = fchmod(descriptor, 0o600) == 0 ? nil : SystemError(call: "fchmod", errno: errno, subject: temporary)
        if failure == nil { failure = Self.writeAll(bytes, to: descriptor, temporary) }
        close(descriptor)
        if failure == nil, rename(temporary, path) != 0 { failure = SystemError(call: "rename", errno: errno, subject: path) }
        if let failure {
            unlink(temporary)
            throw failure
        }
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32, _ path: String) -> SystemError? {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + written, $0.count - written) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return SystemError(call: "write", errno: errno, subject: path) }
            written += count
        }
        return nil
    }
}
