import Glibc
import Testing

/// A running `openssl`, ended with this value.
struct Program: ~Copyable {
    private let process: pid_t
    /// Its standard input and output.
    private let output: Int32

    init(_ arguments: [String]) throws {
        // Not inherited by the children of other tests: the end of the output is then seen.
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw SystemFailure("socketpair") }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
        var words = (["openssl"] + arguments).map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        // Without variables: those of this process move while another test sets one (EFAULT).
        var variables: [UnsafeMutablePointer<CChar>?] = [nil]
        var started: pid_t = 0
        let result = posix_spawn(&started, "/usr/bin/openssl", &actions, nil, &words, &variables)
        close(ends[1])
        process = started
        output = ends[0]
        precondition(result == 0, "openssl does not start: errno \(result)")
    }

    /// The port of `s_server`, which prints "ACCEPT 127.0.0.1:port" once it listens.
    func port() throws -> UInt16 {
        var text = ""
        while let part = readSome() {
            text += part
            for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() where line.hasPrefix("ACCEPT") {
                return try #require(line.split(separator: ":").last.flatMap { UInt16($0) })
            }
        }
        throw SystemFailure("s_server ended: \(text)")
    }

    func readToEnd() throws -> String {
        var text = ""
        while let part = readSome() { text += part }
        return text
    }

    private func readSome() -> String? {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = read(output, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }

    deinit {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
        close(output)
    }
}
