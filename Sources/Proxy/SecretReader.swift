internal import Glibc

/// Reads secrets from this process's environment and from files.
public final class SecretReader: SecretReading {
    /// What is read at most.
    enum Limits {
        /// Bytes of a secret. A JWT has 2 KiB, a long key 8 KiB; what is larger is some other file.
        static let secretBytesMax = 64 << 10
    }

    public private(set) var warnings: [Finding] = []
    /// What was in the environment, for a reload: by then it is gone from there.
    private var variables: [String: [UInt8]] = [:]

    public init() {}

    public func read(_ source: SecretSource) throws(SecretError) -> [UInt8] {
        switch source.kind {
        case .environment(let name): try readVariable(name, source.place)
        case .file(let path): try readFile(path, source.place)
        }
    }

    /// Overwrites the variables that were read and takes them out of the environment, where `/proc/PID/environ` and
    /// child processes would show them.
    public func concealEnvironment() {
        for name in variables.keys {
            // A name may stand in the environment more than once, and getenv gives the first: so until none is left.
            while let value = getenv(name) {
                let prefixBytes = name.utf8.count + 1
                memset(value - prefixBytes, 0, prefixBytes + strlen(value))
            }
            unsetenv(name)
        }
    }

    private func readVariable(_ name: String, _ place: Place) throws(SecretError) -> [UInt8] {
        let bytes: [UInt8]
        if let known = variables[name] {
            bytes = known
        } else if let value = getenv(name) {
            let count = strlen(value)
            guard count <= Limits.secretBytesMax else {
                throw failure(place, "the environment variable \(name) has \(count) bytes; a secret has at most \(Limits.secretBytesMax)")
            }
            bytes = Array(UnsafeRawBufferPointer(start: value, count: count))
            variables[name] = bytes
        } else {
            throw failure(place, "the environment variable \(name) is not set; set it where bearerproxy is started")
        }
        return try secret(bytes, place, "the environment variable \(name)")
    }

    private func readFile(_ path: String, _ place: Place) throws(SecretError) -> [UInt8] {
        // Without O_NONBLOCK a named pipe that nobody writes to would hold up the start for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            let error = errno
            throw failure(place, "\(quoted(path)) cannot be opened: \(String(cString: strerror(error))); \(Self.advice(error))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw unreadable(path, place, errno) }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw failure(place, "\(quoted(path)) is a directory; write the path of the file that holds the secret")
        }
        let bytes = try readAll(descriptor, path, place)
        let result = try secret(bytes, place, quoted(path))
        if status.st_mode & S_IFMT == S_IFREG && status.st_mode & S_IROTH != 0 { warn(path, place) }
        return result
    }

    private func readAll(_ descriptor: Int32, _ path: String, _ place: Place) throws(SecretError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Limits.secretBytesMax + 1)
        var count = 0
        while count < bytes.count {
            let taken = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress! + count, $0.count - count) }
            if taken < 0 && errno == EINTR { continue }
            guard taken >= 0 else { throw unreadable(path, place, errno) }
            if taken == 0 { break }
            count += taken
        }
        guard count <= Limits.secretBytesMax else {
            throw failure(place, "\(quoted(path)) has more than \(Limits.secretBytesMax) bytes; write the path of a file that holds the secret alone")
        }
        defer { bytes.withUnsafeMutableBytes { explicit_bzero($0.baseAddress!, $0.count) } }
        return Array(bytes.prefix(count))
    }

    /// Takes the line breaks at the end off, and refuses what cannot be a secret.
    private func secret(_ bytes: [UInt8], _ place: Place, _ what: String) throws(SecretError) -> [UInt8] {
        let end = (bytes.lastIndex { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") } ?? -1) + 1
        guard end > 0 else { throw failure(place, "\(what) is empty; put the secret there") }
        let secret = Array(bytes[..<end])
        // It will stand in a field of a request, where a line break would begin another one.
        guard !secret.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw failure(place, "\(what) holds a line break or another control character; put the secret alone there, on one line")
        }
        return secret
    }

    private func warn(_ path: String, _ place: Place) {
        let warning = Finding(place: place, message: "\(quoted(path)) can be read by every user of this machine; run chmod o-r on it")
        if !warnings.contains(warning) { warnings.append(warning) }
    }

    private func failure(_ place: Place, _ message: String) -> SecretError {
        SecretError(finding: Finding(place: place, message: message))
    }

    private func unreadable(_ path: String, _ place: Place, _ error: Int32) -> SecretError {
        failure(place, "\(quoted(path)) cannot be read: \(String(cString: strerror(error))); \(Self.advice(error))")
    }

    private static func advice(_ error: Int32) -> String {
        switch error {
        case ENOENT, ENOTDIR: "write the path of the file that holds the secret"
        case EACCES, EPERM: "let the user that runs bearerproxy read it"
        default: "see that it is a file that can be read"
        }
    }
}
