import CLinux
import Glibc
import Testing

@testable import EventLoop

/// A thread that has confined itself does what it may and what it may not. The other threads of the tests are not concerned.
@Suite(.enabled(if: Landlock.version > 0, "this kernel has no Landlock")) struct LandlockTests {
    /// What came of one thing that the thread tried: 0, or the `errno`.
    private typealias Outcomes = [String: Int32]

    private static func opened(_ path: String, _ flags: Int32) -> Int32 {
        let descriptor = open(path, flags | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return errno }
        close(descriptor)
        return 0
    }

    private static func spawned(_ program: String) -> Int32 {
        var process: pid_t = 0
        let code = posix_spawn(&process, program, nil, nil, [strdup(program), nil], [nil])
        if code == 0 { waitpid(process, nil, 0) }
        return code
    }

    private static func listened() -> Int32 {
        do throws(SystemError) {
            let kernel = try LinuxKernel()
            kernel.close(try kernel.listen(on: .loopback(port: 0), options: ListenOptions()))
            return 0
        } catch {
            return error.errno
        }
    }

    private static func outcomes(_ rules: [FileRule], _ attempt: @escaping @Sendable () -> Outcomes) throws -> Outcomes {
        let found = Locked<Outcomes?>(nil)
        try startThread {
            _ = linux_set_process_option(PR_SET_NO_NEW_PRIVS, 1)
            do throws(SystemError) {
                _ = try Landlock.restrictThread(to: rules)
                let outcomes = attempt()
                found.withLock { $0 = outcomes }
            } catch {
                found.withLock { $0 = ["restrict": error.errno] }
            }
        }
        #expect(waitPatiently { found.withLock { $0 } != nil })
        return try #require(found.withLock { $0 })
    }

    private static func directory() throws -> String {
        var template = Array("/tmp/bearerproxy-XXXXXX".utf8CString)
        let path = try #require(template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }.map { String(cString: $0) })
        for name in ["own", "other"] {
            mkdir("\(path)/\(name)", 0o700)
            #expect(opened("\(path)/\(name)/file", O_WRONLY | O_CREAT) == 0)
        }
        return path
    }

    private static func remove(_ path: String) {
        for name in ["own", "other"] {
            for file in ["file", "new", "later"] { unlink("\(path)/\(name)/\(file)") }
            rmdir("\(path)/\(name)")
        }
        rmdir(path)
    }

    @Test func `files are read below the paths that are named, and nowhere else`() throws {
        let path = try Self.directory()
        defer { Self.remove(path) }
        let outcomes = try Self.outcomes([FileRule("\(path)/own", .read), FileRule("\(path)/is not there", .read)]) {
            [
                "read": Self.opened("\(path)/own/file", O_RDONLY), "list": Self.opened("\(path)/own", O_RDONLY | O_DIRECTORY),
                "write": Self.opened("\(path)/own/file", O_WRONLY), "make": Self.opened("\(path)/own/new", O_WRONLY | O_CREAT),
                "read elsewhere": Self.opened("\(path)/other/file", O_RDONLY), "list elsewhere": Self.opened("/etc", O_RDONLY | O_DIRECTORY),
                "run": Self.spawned("/bin/true"),
            ]
        }
        #expect(
            outcomes == [
                "read": 0, "list": 0, "write": EACCES, "make": EACCES, "read elsewhere": EACCES, "list elsewhere": EACCES, "run": EACCES,
            ])
        #expect(Self.opened("\(path)/other/file", O_RDONLY) == 0, "another thread may do what it always could")
    }

    @Test func `a file that is named itself is read, and its neighbours are not`() throws {
        let path = try Self.directory()
        defer { Self.remove(path) }
        #expect(Self.opened("\(path)/own/new", O_WRONLY | O_CREAT) == 0)
        let outcomes = try Self.outcomes([FileRule("\(path)/own/file", .read)]) {
            ["read": Self.opened("\(path)/own/file", O_RDONLY), "neighbour": Self.opened("\(path)/own/new", O_RDONLY)]
        }
        #expect(outcomes == ["read": 0, "neighbour": EACCES])
    }

    @Test func `a log is made and written, and not read or removed`() throws {
        let path = try Self.directory()
        defer { Self.remove(path) }
        let outcomes = try Self.outcomes([FileRule("\(path)/own", .append)]) {
            [
                "make": Self.opened("\(path)/own/new", O_WRONLY | O_CREAT | O_APPEND), "read": Self.opened("\(path)/own/new", O_RDONLY),
                "remove": unlink("\(path)/own/file") == 0 ? 0 : errno,
                "elsewhere": Self.opened("\(path)/other/new", O_WRONLY | O_CREAT | O_APPEND),
            ]
        }
        #expect(outcomes == ["make": 0, "read": EACCES, "remove": EACCES, "elsewhere": EACCES])
    }

    @Test func `a token cache is replaced in its directory`() throws {
        let path = try Self.directory()
        defer { Self.remove(path) }
        let outcomes = try Self.outcomes([FileRule("\(path)/own", .replace)]) {
            [
                "make": Self.opened("\(path)/own/new", O_WRONLY | O_CREAT | O_EXCL), "rename": rename("\(path)/own/new", "\(path)/own/file") == 0 ? 0 : errno,
                "read": Self.opened("\(path)/own/file", O_RDONLY), "elsewhere": Self.opened("\(path)/other/file", O_WRONLY),
            ]
        }
        #expect(outcomes == ["make": 0, "rename": 0, "read": 0, "elsewhere": EACCES])
    }

    @Test func `a socket is removed, and no file is made`() throws {
        let path = try Self.directory()
        defer { Self.remove(path) }
        let outcomes = try Self.outcomes([FileRule("\(path)/own", .remove)]) {
            ["make": Self.opened("\(path)/own/new", O_WRONLY | O_CREAT), "remove": unlink("\(path)/own/file") == 0 ? 0 : errno]
        }
        #expect(outcomes == ["make": EACCES, "remove": 0])
    }

    @Test(.enabled(if: Landlock.version >= 4, "this kernel's Landlock knows no network"))
    func `no port is bound any more, and connections are still made`() throws {
        let kernel = try LinuxKernel()
        let listener = try kernel.listen(on: .loopback(port: 0), options: ListenOptions())
        defer { kernel.close(listener) }
        let address = try kernel.localAddress(of: listener)
        let outcomes = try Self.outcomes([]) {
            var connected: Int32 = 0
            do throws(SystemError) {
                let kernel = try LinuxKernel()
                kernel.close(try kernel.connect(to: address))
            } catch {
                connected = error.errno
            }
            return ["listen": Self.listened(), "connect": connected]
        }
        #expect(outcomes == ["listen": EACCES, "connect": 0])
        #expect(Self.listened() == 0)
    }

    @Test(.enabled(if: Landlock.version >= 6, "this kernel's Landlock knows no signals"))
    func `no other process is signalled`() throws {
        var process: pid_t = 0
        #expect(posix_spawnp(&process, "sleep", nil, nil, [strdup("sleep"), strdup("600"), nil], linux_environment()) == 0)
        defer {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
        }
        let other = process
        #expect(try Self.outcomes([]) { ["signal": kill(other, 0) == 0 ? 0 : errno] } == ["signal": EPERM])
        #expect(kill(process, 0) == 0)
    }

    @Test func `a process with other threads is not confined by half`() {
        let error = #expect(throws: SystemError.self) { try Landlock.restrict(to: []) }
        #expect(error?.errno == EBUSY)
    }
}
