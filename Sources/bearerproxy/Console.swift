internal import Glibc

/// What the commands say to the person who called them.
enum Console {
    /// A line to standard output, at once.
    static func say(_ line: String) { write(line, to: STDOUT_FILENO) }

    /// A line to standard error.
    static func error(_ line: String) { write(line, to: STDERR_FILENO) }

    private static func write(_ line: String, to descriptor: Int32) {
        var bytes = Array((line + "\n").utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 { bytes = bytes.dropFirst(count) } else if errno != EINTR { return }
        }
    }
}
