import Glibc
import Testing

@testable import EventLoop

@Suite struct LinkedPathTests {
    private static func directory() throws -> String {
        var template = Array("/tmp/bearerproxy-XXXXXX".utf8CString)
        let made = try #require(template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }.map { String(cString: $0) })
        let path = try #require(realpath(made, nil))
        defer { free(path) }
        return String(cString: path)
    }

    private static func make(_ path: String, _ links: [(name: String, target: String)]) {
        for name in ["a", "a/b", "c"] { mkdir("\(path)/\(name)", 0o700) }
        close(open("\(path)/a/b/file", O_WRONLY | O_CREAT, 0o600))
        for link in links { symlink(link.target.replacing("PATH", with: path), "\(path)/\(link.name)") }
    }

    private static func remove(_ path: String, _ links: [(name: String, target: String)]) {
        for link in links { unlink("\(path)/\(link.name)") }
        unlink("\(path)/a/b/file")
        for name in ["a/b", "a", "c", ""] { rmdir("\(path)/\(name)") }
    }

    @Test(arguments: [
        ("a/b/file", [], ["/a/b"]),
        ("a/./../a//b/file", [], ["/a/b"]),
        ("a/b/is not there", [], ["/a/b"]),
        ("c/file", [("c/file", "../a/b/file")], ["/c", "/a/b"]),
        ("c/file", [("c/file", "..data/file"), ("c/..data", "../a/b")], ["/c", "/a/b"]),
        ("now/b/file", [("now", "PATH/a")], ["", "/a/b"]),
        ("c/link/file", [("c/link", "../now/b"), ("now", "a")], ["/c", "", "/a/b"]),
        ("c/file", [("c/file", "PATH/a/gone"), ("a/gone", "b/not there")], ["/c", "/a", "/a/b"]),
    ] as [(String, [(String, String)], [String])])
    func `a file stays readable where a link of its path is moved`(name: String, links: [(String, String)], directories: [String]) throws {
        let path = try Self.directory()
        Self.make(path, links)
        defer { Self.remove(path, links) }
        #expect(LinkedPath.directories(of: "\(path)/\(name)") == directories.map { path + $0 })
    }

    @Test func `links that lead in a circle have an end`() throws {
        let path = try Self.directory()
        let links = [(name: "one", target: "two"), (name: "two", target: "one")]
        Self.make(path, links)
        defer { Self.remove(path, links) }
        #expect(LinkedPath.directories(of: "\(path)/one/file").first == path)
    }

    @Test func `what holds everything is not named`() {
        #expect(LinkedPath.directories(of: "/is not there") == ["/is not there"])
        #expect(LinkedPath.directories(of: "/var/is not there") == ["/var/is not there"])
        #expect(LinkedPath.directories(of: "relative/file").allSatisfy { $0.hasPrefix("/") && $0.hasSuffix("/relative") })
    }
}
