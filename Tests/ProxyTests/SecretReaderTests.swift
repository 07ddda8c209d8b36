import Glibc
import Proxy
import Testing

/// Each test has variables and files of its own names, for they run beside each other in one process.
@Suite(.serialized) struct SecretReaderTests {
    private let place = Place(file: "proxy.json", line: 3, column: 7, keyPath: "credentials.a.token")

    @Test func `a variable is read, concealed, and still known to the reader`() throws {
        setenv("BEARERPROXY_TEST_ONE", "hunter2", 1)
        let storage = try #require(getenv("BEARERPROXY_TEST_ONE"))
        let reader = SecretReader()
        #expect(try reader.read(environment("BEARERPROXY_TEST_ONE")) == Array("hunter2".utf8))
        #expect(getenv("BEARERPROXY_TEST_ONE") != nil)
        reader.concealEnvironment()
        #expect(getenv("BEARERPROXY_TEST_ONE") == nil)
        #expect((0..<7).allSatisfy { storage[$0] == 0 })
        #expect(try reader.read(environment("BEARERPROXY_TEST_ONE")) == Array("hunter2".utf8))
    }

    @Test func `a variable that was not read stays`() {
        setenv("BEARERPROXY_TEST_TWO", "kept", 1)
        let reader = SecretReader()
        reader.concealEnvironment()
        #expect(getenv("BEARERPROXY_TEST_TWO") != nil)
    }

    @Test func `a variable that is missing or empty is told with its place`() {
        setenv("BEARERPROXY_TEST_EMPTY", "", 1)
        setenv("BEARERPROXY_TEST_LINES", "hunter2\nhunter3", 1)
        #expect(message(environment("BEARERPROXY_TEST_NONE"))
            == "proxy.json:3:7: credentials.a.token: the environment variable BEARERPROXY_TEST_NONE is not set; set it where bearerproxy is started")
        #expect(message(environment("BEARERPROXY_TEST_EMPTY"))
            == "proxy.json:3:7: credentials.a.token: the environment variable BEARERPROXY_TEST_EMPTY is empty; put the secret there")
        #expect(message(environment("BEARERPROXY_TEST_LINES"))
            == "proxy.json:3:7: credentials.a.token: the environment variable BEARERPROXY_TEST_LINES holds a line break or another control character; put the secret alone there, on one line")
    }

    @Test(arguments: [("hunter2", "hunter2"), ("hunter2\n", "hunter2"), ("hunter2\r\n", "hunter2"), (" hun ter \n\n", " hun ter "), ("ä", "ä")])
    func `a file is read without the line break at its end`(content: String, secret: String) throws {
        try withFile(Array(content.utf8), mode: 0o600) { path in
            let reader = SecretReader()
            let found = try reader.read(file(path))
            #expect(found == Array(secret.utf8))
            #expect(reader.warnings == [])
        }
    }

    @Test func `a file that others can read is a warning, said once`() throws {
        try withFile(Array("hunter2".utf8), mode: 0o644) { path in
            let reader = SecretReader()
            for _ in 0..<2 { _ = try reader.read(file(path)) }
            #expect(reader.warnings.map(\.description) == [
                "proxy.json:3:7: credentials.a.token: \"\(path)\" can be read by every user of this machine; run chmod o-r on it"
            ])
        }
    }

    @Test func `a changed file is read anew`() throws {
        let reader = SecretReader()
        try withFile(Array("one".utf8), mode: 0o600) { path in
            let source = file(path)
            let first = try reader.read(source)
            #expect(first == Array("one".utf8))
            try write(Array("two".utf8), to: path)
            let second = try reader.read(source)
            #expect(second == Array("two".utf8))
        }
    }

    @Test func `a file that cannot be a secret is told with its place and never shown`() throws {
        try withFile([], mode: 0o600) { path in
            #expect(message(file(path)) == "proxy.json:3:7: credentials.a.token: \"\(path)\" is empty; put the secret there")
        }
        try withFile(Array("\n\n".utf8), mode: 0o600) { path in
            #expect(message(file(path)) == "proxy.json:3:7: credentials.a.token: \"\(path)\" is empty; put the secret there")
        }
        try withFile(Array("hunter2\nhunter3\n".utf8), mode: 0o600) { path in
            #expect(message(file(path))
                == "proxy.json:3:7: credentials.a.token: \"\(path)\" holds a line break or another control character; put the secret alone there, on one line")
        }
        try withFile([UInt8](repeating: 0x61, count: 65_536), mode: 0o600) { path in
            let largest = try SecretReader().read(file(path))
            #expect(largest.count == 65_536)
        }
        try withFile([UInt8](repeating: 0x61, count: 65_537), mode: 0o600) { path in
            #expect(message(file(path))
                == "proxy.json:3:7: credentials.a.token: \"\(path)\" has more than 65536 bytes; write the path of a file that holds the secret alone")
        }
        #expect(message(file("/"))
            == "proxy.json:3:7: credentials.a.token: \"/\" is a directory; write the path of the file that holds the secret")
        #expect(message(file("/no/such/file"))
            == "proxy.json:3:7: credentials.a.token: \"/no/such/file\" cannot be opened: No such file or directory; write the path of the file that holds the secret")
    }

    @Test func `a named pipe without a writer does not hold up the start`() throws {
        try withFile([], mode: 0o600) { path in
            unlink(path)
            #expect(mkfifo(path, 0o600) == 0)
            #expect(message(file(path)) == "proxy.json:3:7: credentials.a.token: \"\(path)\" is empty; put the secret there")
        }
    }

    @Test func `a credential of systemd is a file in the directory that it names`() throws {
        let source = SecretSource(kind: .systemd("key"), place: place)
        unsetenv("CREDENTIALS_DIRECTORY")
        #expect(message(source)
            == "proxy.json:3:7: credentials.a.token: systemd has handed no credentials over: CREDENTIALS_DIRECTORY is not set; put LoadCredential=key:PATH into the unit of bearerproxy and have systemd start it")
        try withFile(Array("hunter2\n".utf8), mode: 0o400) { path in
            let slash = try #require(path.lastIndex(of: "/"))
            setenv("CREDENTIALS_DIRECTORY", String(path[..<slash]), 1)
            defer { unsetenv("CREDENTIALS_DIRECTORY") }
            let name = String(path[slash...].dropFirst())
            let secret = try SecretReader().read(SecretSource(kind: .systemd(name), place: place))
            #expect(secret == Array("hunter2".utf8))
            #expect(message(source)?.contains("/key\" cannot be opened: No such file or directory") == true)
        }
    }

    @Test func `a command gives what it prints, and no secret of the environment goes into it`() throws {
        setenv("BEARERPROXY_TEST_FOR_US", "hunter2", 1)
        let reader = SecretReader()
        _ = try reader.read(environment("BEARERPROXY_TEST_FOR_US"))
        let seen = command("sh", "-c", "echo one-${BEARERPROXY_TEST_FOR_US:-none}")
        let secret = try reader.read(seen)
        #expect(secret == Array("one-none".utf8))
        #expect(!reader.hasChanged(seen))
    }

    @Test func `a command that gives no secret is told with its place, and what it printed is not`() {
        #expect(message(command("sh", "-c", "echo hunter2; exit 7"))
            == "proxy.json:3:7: credentials.a.token: the command sh ended with status 7; run it as the user of bearerproxy to see why")
        #expect(message(command("true")) == "proxy.json:3:7: credentials.a.token: the output of the command is empty; put the secret there")
        #expect(message(command("printf", "hunter2\nhunter3"))
            == "proxy.json:3:7: credentials.a.token: the output of the command holds a line break or another control character; put the secret alone there, on one line")
    }

    @Test func `a file that was replaced or written to is noticed, and one that is gone has nothing to say`() throws {
        let reader = SecretReader()
        try withFile(Array("one".utf8), mode: 0o600) { path in
            let source = file(path)
            #expect(reader.hasChanged(source), "what was never read")
            _ = try reader.read(source)
            #expect(!reader.hasChanged(source))
            let shared = SecretSource(kind: source.kind, place: Place(file: "proxy.json", line: 9, column: 9, keyPath: "credentials.b.token"))
            _ = try reader.read(shared)
            try write(Array("other".utf8), to: path)
            #expect(reader.hasChanged(source))
            _ = try reader.read(source)
            #expect(reader.hasChanged(shared), "each credential that reads the file notices for itself")
            _ = try reader.read(shared)
            #expect(!reader.hasChanged(source))
            try write([], to: path)
            #expect(message(source) != nil)
            #expect(throws: SecretError.self) { try reader.read(source) }
            #expect(!reader.hasChanged(source), "it was looked at, and is no secret")
            try write(Array("other".utf8), to: "\(path).new")
            #expect(rename("\(path).new", path) == 0)
            #expect(reader.hasChanged(source))
            unlink(path)
            #expect(!reader.hasChanged(source))
        }
        #expect(!reader.hasChanged(environment("BEARERPROXY_TEST_NONE")))
    }

    @Test func `a file that cannot be opened is not looked at again until it has changed`() throws {
        let reader = SecretReader()
        try withFile(Array("one".utf8), mode: 0o600) { path in
            // A socket is one for everybody, root as well.
            unlink(path)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            let socket = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(socket) }
            let code = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
            }
            try #require(code == 0)
            let source = file(path)
            #expect(reader.hasChanged(source))
            #expect(throws: SecretError.self) { try reader.read(source) }
            #expect(!reader.hasChanged(source), "it was looked at")
            unlink(path)
            try write(Array("one".utf8), to: path)
            #expect(reader.hasChanged(source))
            #expect(try reader.read(source) == Array("one".utf8))
        }
    }

    private func command(_ arguments: String...) -> SecretSource { SecretSource(kind: .command(arguments), place: place) }
    private func environment(_ name: String) -> SecretSource { SecretSource(kind: .environment(name), place: place) }
    private func file(_ path: String) -> SecretSource { SecretSource(kind: .file(path), place: place) }

    private func message(_ source: SecretSource) -> String? {
        do {
            _ = try SecretReader().read(source)
            return nil
        } catch {
            return error.description
        }
    }

    private func withFile(_ bytes: [UInt8], mode: mode_t, _ body: (String) throws -> Void) throws {
        var template = Array("/tmp/bearerproxy-secret-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        try #require(descriptor >= 0)
        close(descriptor)
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer { unlink(path) }
        try write(bytes, to: path)
        try #require(chmod(path, mode) == 0)
        try body(path)
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
        let file = try #require(fopen(path, "w"))
        try #require(fwrite(bytes, 1, bytes.count, file) == bytes.count)
        try #require(fclose(file) == 0)
    }
}
