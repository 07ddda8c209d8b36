import Glibc
import Testing
import Wire

/// What curl, which knows nothing of us, made of an answer.
struct CurlAnswer {
    /// 0: curl is content.
    let exitCode: Int32
    /// The status code; 0 without an answer.
    let status: Int
    /// Connections that were made for it.
    let connections: Int
    /// The heads, those of interim answers included, in lower case.
    let heads: String
    let content: [UInt8]

    var text: String { String(decoding: content, as: UTF8.self) }

    /// The content, which has to be JSON.
    func json() throws -> JSON { try JSON.parse(content) }

    init(arguments: [String]) throws {
        let headFile = try temporaryFile([])
        defer { unlink(headFile) }
        let common = ["curl", "--silent", "--no-progress-meter", "--noproxy", "*", "--max-time", "20", "--dump-header", headFile]
        let (exitCode, output) = try spawn(common + ["--write-out", "\n%{http_code} %{num_connects}"] + arguments)
        self.exitCode = exitCode
        let end = try #require(output.lastIndex(of: UInt8(ascii: "\n")))
        let numbers = String(decoding: output[(end + 1)...], as: UTF8.self).split(separator: " ").compactMap { Int($0) }
        status = numbers[0]
        connections = numbers[1]
        content = Array(output[..<end])
        heads = String(decoding: try contents(of: headFile), as: UTF8.self).lowercased()
    }
}

/// Runs a program to its end, and returns its exit code and what it wrote.
func spawn(_ arguments: [String]) throws -> (exitCode: Int32, output: [UInt8]) {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(ends[0]) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    var argv = arguments.map { strdup($0) } + [nil]
    defer { for pointer in argv { free(pointer) } }
    var child = pid_t()
    // Without variables: those of this process move while another test sets one (EFAULT).
    var variables: [UnsafeMutablePointer<CChar>?] = [nil]
    let code = posix_spawnp(&child, arguments[0], &actions, nil, &argv, &variables)
    close(ends[1])
    try #require(code == 0, "\(arguments[0]) cannot be run: is it installed?")
    let output = readAll(ends[0])
    var status: Int32 = 0
    waitpid(child, &status, 0)
    return (status >> 8 & 0xFF, output)
}

func temporaryFile(_ content: [UInt8]) throws -> String {
    var name = Array("/tmp/sandbox-test-XXXXXX".utf8CString)
    let descriptor = mkstemp(&name)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    try #require(write(descriptor, content, content.count) == content.count)
    return String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

func contents(of path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    return readAll(descriptor)
}

func readAll(_ descriptor: Int32) -> [UInt8] {
    var output: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = read(descriptor, &piece, piece.count)
        if count <= 0 { return output }
        output += piece[..<count]
    }
}
