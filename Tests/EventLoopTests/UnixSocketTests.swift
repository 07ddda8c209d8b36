import CLinux
import Glibc
import Testing

@testable import EventLoop

/// One after the other: the umask, which some of them set, is the whole process's.
@Suite(.serialized) struct UnixSocketTests {
    private let watcher: Watcher
    private let directory: String
    private var kernel: LinuxKernel { watcher.kernel }

    init() throws {
        watcher = try Watcher()
        var template = Array("/tmp/bearerproxy-XXXXXX".utf8CString)
        directory = try #require(template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }.map { String(cString: $0) })
    }

    private func removeDirectory(_ names: String...) {
        for name in names { unlink("\(directory)/\(name)") }
        rmdir(directory)
    }

    private func mode(_ path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : nil
    }

    @Test(arguments: [0o600, 0o660, 0o666] as [UInt32])
    func `the socket's file has the mode that was asked for`(mode wanted: UInt32) throws {
        defer { removeDirectory("a") }
        let path = "\(directory)/a"
        let listener = try kernel.listen(on: .unix(path), options: ListenOptions(mode: wanted))
        #expect(mode(path) == wanted)
        #expect(try kernel.localAddress(of: listener) == .unix(path))
        kernel.close(listener)
    }

    @Test func `a peer that closed is told from one that has finished sending`() throws {
        defer { removeDirectory("g") }
        let (client, server) = try watcher.pair(at: .unix("\(directory)/g"))
        #expect(!kernel.isPeerGone(server))
        kernel.shutdownWriting(client)
        #expect(watcher.wait(for: .peerClosed, of: 2))
        #expect(!kernel.isPeerGone(server))
        kernel.close(client)
        #expect(kernel.isPeerGone(server))
        kernel.close(server)
    }

    @Test func `bytes go both ways and a half close arrives`() throws {
        defer { removeDirectory("b") }
        let (client, server) = try watcher.pair(at: .unix("\(directory)/b"))
        #expect(watcher.send(client, "question") == 8)
        kernel.shutdownWriting(client)
        #expect(watcher.wait(for: [.readable, .peerClosed], of: 2))
        #expect(watcher.receive(server).text == "question")
        #expect(watcher.receive(server).result == 0)
        #expect(watcher.send(server, "answer") == 6)
        #expect(watcher.wait(for: .readable, of: 1))
        #expect(watcher.receive(client).text == "answer")
        kernel.close(client)
        kernel.close(server)
    }

    @Test func `a file left from an earlier run is replaced`() throws {
        defer { removeDirectory("c") }
        let address = SocketAddress.unix("\(directory)/c")
        kernel.close(try kernel.listen(on: address, options: ListenOptions()))
        #expect(mode("\(directory)/c") != nil)
        let listener = try kernel.listen(on: address, options: ListenOptions())
        let client = try kernel.connect(to: address)
        #expect(kernel.accept(from: listener) >= 0)
        kernel.close(client)
        kernel.close(listener)
    }

    @Test func `the socket of a running process is not taken away`() throws {
        defer { removeDirectory("d") }
        let address = SocketAddress.unix("\(directory)/d")
        let listener = try kernel.listen(on: address, options: ListenOptions())
        let error = #expect(throws: SystemError.self) { try kernel.listen(on: address, options: ListenOptions()) }
        #expect(error?.errno == EADDRINUSE)
        kernel.close(listener)
    }

    @Test func `a file that is no socket stays`() throws {
        defer { removeDirectory("e") }
        let path = "\(directory)/e"
        Glibc.close(open(path, O_CREAT | O_WRONLY, 0o640))
        let error = #expect(throws: SystemError.self) { try kernel.listen(on: .unix(path), options: ListenOptions()) }
        #expect(error?.errno == EEXIST)
        #expect(mode(path) != nil)
    }

    @Test func `a path that nobody listens on is refused at once`() throws {
        defer { removeDirectory("f") }
        let address = SocketAddress.unix("\(directory)/f")
        #expect(#expect(throws: SystemError.self) { try kernel.connect(to: address) }?.errno == ENOENT)
        kernel.close(try kernel.listen(on: address, options: ListenOptions()))
        #expect(#expect(throws: SystemError.self) { try kernel.connect(to: address) }?.errno == ECONNREFUSED)
    }

    @Test func `a path that would name another socket is refused`() {
        removeDirectory()
        for path in ["", "a\0b", String(repeating: "x", count: 108)] {
            #expect(throws: SystemError.self) { try kernel.listen(on: .unix(path), options: ListenOptions()) }
            #expect(throws: SystemError.self) { try kernel.connect(to: .unix(path)) }
        }
    }

    /// Links that lead to a file of somebody else would have its mode changed by name.
    @Test func `a link in the socket's place stays, and so does what it leads to`() throws {
        defer { removeDirectory("h", "i") }
        let (link, file) = ("\(directory)/h", "\(directory)/i")
        Glibc.close(open(file, O_CREAT | O_WRONLY, 0o640))
        #expect(symlink(file, link) == 0)
        let error = #expect(throws: SystemError.self) { try kernel.listen(on: .unix(link), options: ListenOptions(mode: 0o666)) }
        #expect(error?.errno == EEXIST)
        #expect(mode(file) == 0o640)
    }

    @Test func `a socket that was not made in full is taken away, and nothing that has come in its place`() throws {
        defer { removeDirectory("k", "l") }
        let (path, other) = ("\(directory)/k", "\(directory)/l")
        kernel.close(try kernel.listen(on: .unix(path), options: ListenOptions()))
        kernel.close(try kernel.listen(on: .unix(other), options: ListenOptions()))
        let file = linux_open_path(path, 0)
        defer { Glibc.close(file) }
        #expect(rename(other, path) == 0)
        UnixSocketFile.remove(path, heldBy: file)
        #expect(mode(path) != nil)
        let own = linux_open_path(path, 0)
        defer { Glibc.close(own) }
        UnixSocketFile.remove(path, heldBy: own)
        #expect(mode(path) == nil)
    }

    @Test func `the umask is as it was`() throws {
        defer { removeDirectory("j") }
        let before = umask(0o027)
        defer { umask(before) }
        kernel.close(try kernel.listen(on: .unix("\(directory)/j"), options: ListenOptions(mode: 0o666)))
        #expect(mode("\(directory)/j") == 0o666)
        #expect(umask(0o027) == 0o027)
    }

    /// Also for a moment, other threads would make files with it, and start programs.
    @Test func `the umask is at no time another`() throws {
        defer { removeDirectory() }
        let before = umask(0o077)
        defer { umask(before) }
        let hasEnded = Locked(false)
        let masks = Locked<(count: Int, others: Set<String>)>((0, []))
        let watching = try startJoinedThread {
            while !hasEnded.withLock({ $0 }) {
                let mask = Self.umaskLine()
                masks.withLock {
                    $0.count += 1
                    if mask != "0077" { $0.others.insert(mask) }
                }
            }
        }
        for number in 0..<500 {
            let path = "\(directory)/\(number)"
            kernel.close(try kernel.listen(on: .unix(path), options: ListenOptions(mode: 0o666)))
            #expect(mode(path) == 0o666)
            unlink(path)
        }
        hasEnded.withLock { $0 = true }
        watching.join()
        #expect(masks.withLock { $0.count } > 10)
        #expect(masks.withLock { $0.others } == [])
    }

    /// As the kernel tells it, without setting it.
    private static func umaskLine() -> String {
        let file = open("/proc/self/status", O_RDONLY)
        defer { Glibc.close(file) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(file, &bytes, bytes.count)
        let lines = String(decoding: bytes[..<max(0, count)], as: UTF8.self).split(separator: "\n")
        return lines.first { $0.hasPrefix("Umask:") }.map { String($0.dropFirst(7)) } ?? ""
    }

    @Test func `a directory that all may write to is told, unless only owners may take away what is in it`() throws {
        defer { removeDirectory() }
        let path = "\(directory)/a/b.sock"
        #expect(UnixSocketFile.unsafeDirectory(above: path) == nil)
        #expect(chmod(directory, 0o777) == 0)
        #expect(UnixSocketFile.unsafeDirectory(above: path) == directory)
        #expect(UnixSocketFile.unsafeDirectory(above: "\(directory)/b.sock") == directory)
        #expect(chmod(directory, 0o1777) == 0)
        #expect(UnixSocketFile.unsafeDirectory(above: path) == nil)
    }

    @Test func `a group that does not exist is an error`() {
        defer { removeDirectory("g") }
        let options = ListenOptions(mode: 0o660, group: "no-such-group-here")
        let error = #expect(throws: SystemError.self) { try kernel.listen(on: .unix("\(directory)/g"), options: options) }
        #expect(error?.subject == "group no-such-group-here")
    }
}
