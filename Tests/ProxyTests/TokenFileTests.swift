import EventLoop
import Glibc
import Testing

@testable import Proxy

/// The file that tokens are kept in: real files in a directory of each test's own.
@Suite struct TokenFileTests {
    private let place = Place(file: "proxy.json", line: 4, column: 25, keyPath: "tokenCache.file")
    private let directory: Directory

    init() throws { directory = try Directory() }

    private func open(_ name: String = "tokens") throws(TokenFileError) -> TokenFile {
        try TokenFile(TokenCacheSettings(file: directory.path(name), place: place))
    }

    private func finding(_ name: String = "tokens") -> String? {
        do {
            _ = try open(name)
            return nil
        } catch {
            return error.finding.description
        }
    }

    @Test func `what was kept is there in the next process, for its owner alone`() throws {
        let file = try open()
        #expect(file.fault == nil && file.sealed(for: "one") == nil)
        try file.replace("one", by: [1, 2, 3], generation: 1)
        try file.replace("two", by: [], generation: 1)
        try file.replace("one", by: [4], generation: 1)
        var status = stat()
        #expect(stat(directory.path("tokens"), &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o600)
        #expect(directory.names == ["tokens"], "nothing is left beside it")
        #expect(directory.read("tokens") == "bearerproxy token cache 1\none BA==\ntwo \n")
        let next = try open()
        #expect(next.sealed(for: "one") == [4])
        try next.keep { $0 != "one" }
        try next.replace("three", by: [5], generation: 1)
        #expect(try open().sealed(for: "one") == nil)
    }

    @Test func `an older token does not replace a newer one, whoever comes last`() throws {
        let file = try open()
        try file.replace("one", by: [2], generation: 2)
        try file.replace("one", by: [1], generation: 1)
        try file.replace("two", by: [3], generation: 1)
        #expect(file.sealed(for: "one") == [2])
        let next = try open()
        #expect(next.sealed(for: "one") == [2] && next.sealed(for: "two") == [3])
        try next.replace("one", by: [4], generation: 1)
        #expect(try open().sealed(for: "one") == [4], "generations begin anew with each process")
    }

    @Test func `the first token of a credential replaces those of the one that had its name before a reload, and not the other way round`() throws {
        let file = try open()
        try file.replace("one", by: [7], part: 0, generation: 7)
        try file.replace("one", by: [1], part: 3, generation: 1)
        #expect(file.sealed(for: "one") == [1])
        try file.replace("one", by: [8], part: 0, generation: 8)
        #expect(file.sealed(for: "one") == [1])
        try file.replace("one", by: [2], part: 3, generation: 2)
        #expect(try open().sealed(for: "one") == [2])
    }

    @Test func `what is not kept is out of the file at once, and a late token of it does not come back`() throws {
        let file = try open()
        try file.replace("one", by: [1], part: 0, generation: 1)
        try file.replace("two", by: [2], part: 1, generation: 1)
        try file.keep(of: ["two": 2]) { $0 == "two" }
        #expect(directory.read("tokens") == "bearerproxy token cache 1\ntwo Ag==\n")
        try file.replace("one", by: [3], part: 0, generation: 2)
        try file.replace("two", by: [4], part: 1, generation: 2)
        #expect(directory.read("tokens") == "bearerproxy token cache 1\ntwo Ag==\n")
        try file.replace("two", by: [5], part: 2, generation: 1)
        #expect(directory.read("tokens") == "bearerproxy token cache 1\ntwo BQ==\n")
    }

    @Test func `the mode does not depend on the umask, and a temporary file from a crash is no obstacle`() throws {
        try directory.write("left", to: "tokens.new", mode: 0o644)
        try open().replace("one", by: [1], generation: 1)
        #expect(directory.names == ["tokens"])
        #expect(directory.mode("tokens") == 0o600)
    }

    @Test func `a file that others may open is not used`() throws {
        for mode in [0o604, 0o640, 0o602, 0o610] as [mode_t] {
            try directory.write("bearerproxy token cache 1\n", to: "tokens", mode: mode)
            #expect(finding()
                == "proxy.json:4:25: tokenCache.file: \"\(directory.path("tokens"))\" is open to others; run chmod 600 on it, or remove it")
        }
    }

    @Test func `nothing else is taken for a token cache, or overwritten`() throws {
        try directory.write("something of importance\n", to: "tokens", mode: 0o600)
        #expect(finding()?.contains("is something else than a token cache, and would be overwritten; write another path") == true)
        #expect(directory.read("tokens") == "something of importance\n")
        symlink(directory.path("tokens"), directory.path("link"))
        #expect(finding("link")?.hasSuffix("it is a symbolic link; write the path of the file itself") == true)
        mkdir(directory.path("sub"), 0o700)
        #expect(finding("sub")?.hasSuffix("is no file; write the path of one") == true)
        mkfifo(directory.path("pipe"), 0o600)
        #expect(finding("pipe")?.hasSuffix("is no file; write the path of one") == true)
        #expect(finding("missing/tokens")
            == "proxy.json:4:25: tokenCache.file: cannot write into the directory \"\(directory.path("missing"))\": No such file or directory; make it, and let the user of bearerproxy write to it")
    }

    @Test(arguments: [
        ("", "cut off"), ("bearer", "cut off"), ("bearerproxy token cache 1", "cut off"), ("bearerproxy token cache 2\nkept BA==\n", "version"),
        ("bearerproxy token cache 1\nkept BA==\none BAAA", "cut off"), ("bearerproxy token cache 1\nkept BA==\none !\n", "damaged"),
        ("bearerproxy token cache 1\n\nkept BA==\n", "damaged"),
    ])
    func `what is damaged is left out, told, and replaced`(content: String, fault: String) throws {
        try directory.write(content, to: "tokens", mode: 0o600)
        let file = try open()
        #expect(file.fault?.contains(fault) == true)
        #expect(file.sealed(for: "one") == nil)
        #expect((file.sealed(for: "kept") == [4]) == (content.contains("1\n") && content.contains("kept")))
        try file.replace("one", by: [7], generation: 1)
        let next = try open()
        #expect(next.fault == nil && next.sealed(for: "one") == [7])
    }

    @Test func `a file that is too large is not used, and one that would be is not written`() throws {
        try directory.write("bearerproxy token cache 1\n" + String(repeating: "x", count: 4 << 20), to: "tokens", mode: 0o600)
        let file = try open()
        #expect(file.fault == "it has more than 4194304 bytes")
        #expect(throws: SystemError.self) { try file.replace("one", by: [UInt8](repeating: 0, count: 4 << 20), generation: 1) }
    }

    @Test func `what cannot be written leaves the file as it was`() throws {
        let file = try open()
        try file.replace("one", by: [1], generation: 1)
        mkdir(directory.path("tokens.new"), 0o700)
        #expect(throws: SystemError.self) { try file.replace("one", by: [2], generation: 1) }
        rmdir(directory.path("tokens.new"))
        #expect(try open().sealed(for: "one") == [1])
    }
}
