internal import Credentials
internal import EventLoop
internal import Glibc

/// Reads secrets from this process's environment, from files, from what systemd hands over, and from what commands print.
public final class SecretReader: SecretReading {
    public private(set) var warnings: [Finding] = []
    /// What was in the environment, for a reload: by then it is gone from there.
    private var variables: [String: Secret] = [:]
    /// The files as they were when they were read, by the key in the configuration: each credential notices for itself that a
    /// file which several share has changed.
    private var signatures: [String: FileSignature] = [:]

    /// The process has taken from itself the files that it does not need: what cannot be opened may be one of these.
    public var isConfined = false

    public init() {}

    public func read(_ source: SecretSource) throws(SecretError) -> [UInt8] {
        switch source.kind {
        case .environment(let name): return try readVariable(name, source)
        case .file, .systemd:
            let reading = reading(of: source)
            for warning in reading.warnings { warn(warning) }
            if let signature = reading.signature { signatures[source.place.keyPath] = signature }
            return try reading.result.get()
        case .command(let arguments):
            return try SecretText.secret(printed: Command.run(arguments, withholding: withheld), for: source)
        }
    }

    public func hasChanged(_ source: SecretSource) -> Bool { isNew(signature(of: source), of: source) }

    /// Whether the file that looks so is another than the one that was read.
    func isNew(_ present: FileSignature?, of source: SecretSource) -> Bool {
        // A file that is gone for the moment has nothing new to say.
        guard let present else { return false }
        return present != signatures[source.place.keyPath]
    }

    /// What somebody else has read is from now on what was read.
    func take(_ others: [String: FileSignature]) { signatures.merge(others) { $1 } }

    /// Reads the file of a source, and changes nothing: for any thread.
    func reading(of source: SecretSource) -> SecretFileReading {
        var reading = SecretFileReading()
        do throws(SecretError) {
            reading.result = .success(try readFile(try path(of: source), source, &reading))
        } catch {
            reading.result = .failure(error)
        }
        return reading
    }

    private func path(of source: SecretSource) throws(SecretError) -> String {
        switch source.kind {
        case .file(let path): return path
        case .systemd(let name): return try path(ofCredential: name, source)
        case .environment, .command: preconditionFailure("no file has it")
        }
    }

    /// The file of a source as it is now; nil where it is read from none, or there is none.
    func signature(of source: SecretSource) -> FileSignature? {
        switch source.kind {
        case .environment, .command: nil
        case .file(let path): FileSignature(path: path)
        case .systemd(let name): (try? path(ofCredential: name, source)).flatMap { FileSignature(path: $0) }
        }
    }

    /// The variables that held secrets, which no program that is started gets to see.
    var withheld: Set<String> { Set(variables.keys) }

    public func setting(_ name: String) -> [UInt8]? {
        if let known = variables[name] {
            return known.withBytes { bytes in bytes.indices.map { bytes[$0] } }
        }
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        let bytes = Array(UnsafeRawBufferPointer(start: value, count: strlen(value)))
        if bytes.contains(UInt8(ascii: "@")) { variables[name] = Secret(bytes) }
        return bytes
    }

    public func warn(_ finding: Finding) {
        if !warnings.contains(finding) { warnings.append(finding) }
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

    private func readVariable(_ name: String, _ source: SecretSource) throws(SecretError) -> [UInt8] {
        if let known = variables[name] {
            return known.withBytes { bytes in bytes.indices.map { bytes[$0] } }
        }
        guard let value = getenv(name) else {
            throw SecretError(source, "the environment variable \(name) is not set; set it where bearerproxy is started")
        }
        let count = strlen(value)
        guard count <= SecretText.bytesMax else {
            throw SecretError(source, "the environment variable \(name) has \(count) bytes; a secret has at most \(SecretText.bytesMax)")
        }
        let bytes = Array(UnsafeRawBufferPointer(start: value, count: count))
        let secret = try SecretText.secret(bytes, of: source, "the environment variable \(name)")
        variables[name] = Secret(secret)
        return secret
    }

    private func path(ofCredential name: String, _ source: SecretSource) throws(SecretError) -> String {
        guard let directory = getenv("CREDENTIALS_DIRECTORY") else {
            throw SecretError(
                source, "systemd has handed no credentials over: CREDENTIALS_DIRECTORY is not set; put LoadCredential=\(name):PATH into "
                    + "the unit of bearerproxy and have systemd start it")
        }
        return "\(String(cString: directory))/\(name)"
    }

    private func readFile(_ path: String, _ source: SecretSource, _ reading: inout SecretFileReading) throws(SecretError) -> [UInt8] {
        let signature = FileSignature(path: path)
        // Without O_NONBLOCK a named pipe that nobody writes to would hold up the start for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            let error = errno
            // Its own fault, and not one of a process that has no descriptors or memory left: it is not looked at again until it
            // has changed. As it was before, for another may stand there since.
            if [EACCES, EPERM, ELOOP, ENXIO].contains(error) { reading.signature = signature }
            throw SecretError(source, "\(quoted(path)) cannot be opened: \(String(cString: strerror(error))); \(advice(error))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw unreadable(path, source, errno) }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw SecretError(source, "\(quoted(path)) is a directory; write the path of the file that holds the secret")
        }
        // Also of what turns out to be no secret: it is not looked at again until it has changed.
        reading.signature = FileSignature(status)
        var bytes = try readAll(descriptor, path, source)
        defer { bytes.withUnsafeMutableBytes { explicit_bzero($0.baseAddress!, $0.count) } }
        let result = try SecretText.secret(bytes, of: source, quoted(path))
        if status.st_mode & S_IFMT == S_IFREG { reading.warnings = Self.warnings(path, source.place, status.st_mode) }
        return result
    }

    private func readAll(_ descriptor: Int32, _ path: String, _ source: SecretSource) throws(SecretError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: SecretText.bytesMax + 1)
        defer { bytes.withUnsafeMutableBytes { explicit_bzero($0.baseAddress!, $0.count) } }
        var count = 0
        while count < bytes.count {
            let taken = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress! + count, $0.count - count) }
            if taken < 0 && errno == EINTR { continue }
            guard taken >= 0 else { throw unreadable(path, source, errno) }
            if taken == 0 { break }
            count += taken
        }
        guard count <= SecretText.bytesMax else {
            throw SecretError(
                source, "\(quoted(path)) has more than \(SecretText.bytesMax) bytes; write the path of a file that holds the secret alone")
        }
        return Array(bytes.prefix(count))
    }

    private static func warnings(_ path: String, _ place: Place, _ mode: mode_t) -> [Finding] {
        var found: [Finding] = []
        func warn(_ message: String) { found.append(Finding(place: place, message: "\(quoted(path)) \(message)")) }
        if mode & S_IROTH != 0 { warn("can be read by every user of this machine; run chmod o-r on it") }
        if mode & S_IWOTH != 0 { warn("can be changed by every user of this machine; run chmod o-w on it") }
        return found
    }

    private func unreadable(_ path: String, _ source: SecretSource, _ error: Int32) -> SecretError {
        SecretError(source, "\(quoted(path)) cannot be read: \(String(cString: strerror(error))); \(advice(error))")
    }

    private func advice(_ error: Int32) -> String {
        switch error {
        case ENOENT, ENOTDIR: "write the path of the file that holds the secret"
        case EACCES where isConfined:
            "let the user that runs bearerproxy read it; if that may, Landlock denies it to this process, since a link led to other "
                + "directories when it was started: start it again"
        case EACCES, EPERM: "let the user that runs bearerproxy read it"
        default: "see that it is a file that can be read"
        }
    }
}
